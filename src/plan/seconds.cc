#include "plan/seconds.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "comm/collectives.h"
#include "comm/rounded_sum.h"
#include "exchange/message.h"

namespace tersegraph {
namespace {

/// The computation of one rank, with the rates of its machine while all its ranks compute.
class RankClock {
 public:
  RankClock(const FullGraphConfig& config, const RankWork& work, const RowBits& bits, const Rates& rates,
            const Placement& placement)
      : config_(config), work_(work), bits_(bits), rates_(rates), placement_(placement) {
    for (const int64_t count : work.reuse) gathers_ += static_cast<double>(count);
  }

  /// Seconds of work that takes one thread alone so many.
  double spread(const std::string& kind, double seconds) const {
    const double threads = placement_.threads, active = threads * placement_.ranks_here();
    return seconds / (threads * rates_.share(kind, active));
  }

  double spmm(const char* phase, int64_t entries, int64_t rows, int64_t cols) {
    double seconds = 0;
    for (size_t k = 0; k < work_.reuse.size(); ++k) {
      if (work_.reuse[k] == 0) continue;
      const double bytes = in_use(std::exp2(static_cast<double>(k) + 0.5) * 4 * static_cast<double>(cols));
      seconds += static_cast<double>(work_.reuse[k]) / gathers_ * rates_.at("spmm", static_cast<double>(cols), bytes);
    }
    seconds = seconds * static_cast<double>(entries) * beyond("spmm", cols) +
              rates_.number("spmm_row") * static_cast<double>(rows * cols);
    return add(phase, spread("gather", seconds));
  }
  double gemm(const std::string& table, int64_t rows, int64_t inner, int64_t outer) {
    const double seconds = rates_.at(table, static_cast<double>(inner), static_cast<double>(outer));
    return add("gemm", spread("gemm", seconds * static_cast<double>(rows) * static_cast<double>(inner * outer)));
  }
  /// Layer 0's products with its input, whose rows may be sparse.
  double input_gemm(const std::string& table, int64_t rows, const GraphConv& conv, int64_t entries) {
    if (entries == 0) return gemm(table, rows, conv.in, conv.out);
    const bool back = table == "gemm_ta";  // gathers rows of gradients, otherwise of weights
    const double bytes = 4.0 * static_cast<double>((back ? rows : conv.in) * conv.out);
    const double entry = rates_.at("spmm", static_cast<double>(conv.out), bytes) * beyond("spmm", conv.out);
    return add(back ? "spmm" : "gemm", spread("gather", entry * static_cast<double>(entries)));
  }
  /// Values that go to memory and come back, for the caches hold a block of rows alone.
  double memory(const char* phase, int64_t count) {
    const double bytes = sizeof(float) * static_cast<double>(count);
    return add(phase, spread("stream", rates_.copy(in_use(bytes)) * bytes));
  }
  double values(const char* phase, const std::string& number, int64_t count) {
    return add(phase, spread("stream", rates_.number(number) * static_cast<double>(count)));
  }
  double activation(int64_t rows, int64_t cols, bool backward) {
    const std::string name = config_.model.norm == NormKind::layer ? "norm" : "activation";
    return values("activation", backward ? name + "_backward" : name, rows * cols);
  }
  /// Rows are gathered from all of the layer's, and their codes are written, summed up and, for threads, copied.
  double encode(const HaloWork& halo, double bytes) {
    const auto cols = static_cast<double>(halo.cols), gathered = static_cast<double>(halo.gathered),
               sent = static_cast<double>(halo.rows_sent());
    const double rows = sent * cols * rates_.at("encode", bits_.mean(), cols) +
                        gathered * far_row(cols, sizeof(float) * cols * static_cast<double>(work_.owned));
    const double sums =
        gathered > sent ? sent * rates_.number("sum_row") + (gathered - sent) * rates_.at("spmm", cols, Rates::kCached)
                        : 0;
    return add("encode", spread("stream", rows + sums + bytes * far_byte(bytes)) + sealed(bytes) + delivered(bytes));
  }
  /// Codes are gathered from all that came; sums that are larger than the caches come back for it.
  double accumulate(const HaloWork& halo, double bytes) {
    const auto cols = static_cast<double>(halo.cols), scattered = static_cast<double>(halo.scattered);
    const double sums = sizeof(float) * cols * static_cast<double>(work_.owned);
    const double seconds = scattered * (cols * rates_.at("decode", bits_.mean(), cols) + far_row(cols, bytes)) +
                           std::min(scattered * sizeof(float) * cols, sums) * far_byte(sums);
    return add("accumulate", spread("stream", seconds) + sealed(bytes));
  }
  /// What a rank computes for a sum over all: its messages there and back, and its part of the sum.
  double reduce(double bytes) const { return 2 * sealed(2 * bytes) + delivered(2 * bytes) + bytes * copied(bytes); }
  /// Moving messages takes the processor too, which MPI makes copy them; between emulated hosts it also carries them.
  double sockets(double bytes) const {
    if (placement_.hosts() == 1) return 0;
    const double share = rates_.share("stream", placement_.ranks_here()), way = placement_.one_machine ? 2 : 1;
    return way * bytes * (rates_.number("socket") + copied(bytes)) / share;
  }
  double region() const { return placement_.threads > 1 ? rates_.number("region") : 0; }

  double add(const std::string& phase, double seconds) {
    phases[phase] += seconds;
    return seconds;
  }
  PhaseSeconds phases;

 private:
  /// Of so many bytes of one rank, what is in use on the machine, whose ranks share its caches.
  double in_use(double bytes) const { return bytes * placement_.ranks_here(); }
  /// What a row gathered, and a byte read and written, take beyond what they take in cache when so many bytes of a rank
  /// are in use.
  double far_row(double cols, double bytes) const {
    return std::max(rates_.at("spmm", cols, in_use(bytes)) - rates_.at("spmm", cols, Rates::kCached), 0.0);
  }
  double far_byte(double bytes) const {
    return std::max(rates_.copy(in_use(bytes)) - rates_.copy(Rates::kCached), 0.0);
  }
  double copied(double bytes) const { return rates_.copy(in_use(bytes)); }
  double sealed(double bytes) const { return bytes * (rates_.number("checksum") + far_byte(bytes) / 2); }
  /// Threads copy messages themselves.
  double delivered(double bytes) const { return placement_.hosts() == 1 ? bytes * copied(bytes) : 0; }
  /// Rows wider than those measured take as much a value.
  double beyond(const std::string& table, int64_t cols) const {
    return std::max(1.0, static_cast<double>(cols) / rates_.tables.at(table).x.back());
  }

  const FullGraphConfig& config_;
  const RankWork& work_;
  const RowBits& bits_;
  const Rates& rates_;
  const Placement& placement_;
  double gathers_ = 1e-9;
};

/// One rank's stages: the loops of nn/gnn_forward.cc and nn/gnn_backward.cc, with seconds for work.
class RankStages {
 public:
  RankStages(const RankWork& work, RankClock& clock, const RowBits& bits, bool overlap)
      : work_(work), clock_(clock), bits_(bits), overlap_(overlap), layers_(static_cast<int>(work.layers.size())) {}

  struct Stage {
    double before = 0, hidden = 0;
    const HaloWork* halo = nullptr;
  };

  std::vector<Stage> make(int64_t outputs) {
    if (layer(0).conv.transforms_first()) {
      pending_ += clock_.input_gemm("gemm", layer(0).rows_in, layer(0).conv, work_.feature_entries);
    }
    for (int l = 0; l < layers_;) l = forward(l);
    pending_ += clock_.values("loss", "loss", layer(layers_ - 1).rows_out * outputs);
    pending_ += descend(layers_ - 1);
    for (int l = layers_ - 1; l > 0 || (l == 0 && layer(0).conv.transforms_first()); --l) backward(l);
    // Every range of blocks has sums of its own for the weights' gradients: zero at first, and added up at the end.
    pending_ += clock_.memory("gemm", 2 * work_.gradient_sums);
    pending_ += clock_.values("optimizer", "optimizer", work_.parameters);
    return std::move(stages_);
  }
  double pending() const { return pending_; }
  double central() const { return central_; }

 private:
  const LayerWork& layer(int l) const { return work_.layers[l]; }

  int forward(int l) {
    const LayerWork& w = layer(l);
    const double sums =
        w.conv.aggregates() ? clock_.spmm("spmm", w.forward_entries, w.rows_out, w.conv.message_cols()) : 0.0;
    double rest = 0;
    if (w.conv.order == ConvOrder::aggregated_input) {
      rest += clock_.input_gemm("gemm", w.rows_out, w.conv, work_.aggregated_entries);
    }
    if (w.conv.order == ConvOrder::aggregate_first) rest += clock_.gemm("gemm", w.rows_out, w.conv.in, w.conv.out);
    if (w.conv.has_root()) rest += root("gemm", l);
    if (l + 1 < layers_) {
      rest += clock_.activation(w.rows_out, w.conv.out, false) + clock_.memory("activation", w.rows_out * w.conv.out);
      const LayerWork& next = layer(l + 1);
      if (next.conv.transforms_first()) rest += clock_.gemm("gemm", next.rows_in, next.conv.in, next.conv.out);
      rest += clock_.memory("gemm", next.rows_in * next.conv.message_cols());
    }
    put(sums, rest, w.central_share, find(l, false));
    return l + 1;
  }

  void backward(int l) {
    const LayerWork& w = layer(l);
    const double sums = clock_.spmm("spmm", w.backward_entries, w.rows_in, w.conv.message_cols());
    double rest = 0;
    const bool input = l == 0;
    if (w.conv.transforms_first()) {
      rest += input ? clock_.input_gemm("gemm_ta", w.rows_in, w.conv, work_.feature_entries)
                    : clock_.gemm("gemm_ta", w.rows_in, w.conv.in, w.conv.out) +
                          clock_.gemm("gemm_tb", w.rows_in, w.conv.out, w.conv.in);
    }
    if (w.conv.has_root()) {
      rest += root("gemm_ta", l);
      if (!input) rest += clock_.gemm("gemm_tb", w.rows_out, w.conv.out, w.conv.in);
    }
    if (!input) {
      rest += clock_.activation(w.rows_in, w.conv.in, true) + clock_.memory("activation", w.rows_in * w.conv.in);
      rest += descend(l - 1);
    }
    put(sums, rest, w.central_share, find(l, true));
  }

  /// From dL/dy of a layer to what A^T reads, or to the end.
  double descend(int l) {
    const LayerWork& w = layer(l);
    switch (w.conv.order) {
      case ConvOrder::transform_first:
        return clock_.memory("gemm", w.rows_out * w.conv.out);
      case ConvOrder::aggregate_first:
        return clock_.gemm("gemm_ta", w.rows_out, w.conv.in, w.conv.out) +
               (l > 0 ? clock_.gemm("gemm_tb", w.rows_out, w.conv.out, w.conv.in) +
                            clock_.memory("gemm", w.rows_out * w.conv.in)
                      : root_of_input(w, l));
      case ConvOrder::aggregated_input:
        return clock_.input_gemm("gemm_ta", w.rows_out, w.conv, work_.aggregated_entries) + root_of_input(w, l);
      case ConvOrder::unaggregated:
        return 0;
    }
    return 0;
  }
  double root_of_input(const LayerWork& w, int l) { return w.conv.has_root() ? root("gemm_ta", l) : 0.0; }
  double root(const std::string& table, int l) {
    const LayerWork& w = layer(l);
    return l == 0 ? clock_.input_gemm(table, w.rows_out, w.conv, work_.feature_entries)
                  : clock_.gemm(table, w.rows_out, w.conv.in, w.conv.out);
  }

  const HaloWork* find(int l, bool backward) const {
    for (const HaloWork& halo : work_.exchanges) {
      if (halo.layer == l && halo.backward == backward) return &halo;
    }
    return nullptr;
  }

  void put(double sums, double rest, double central, const HaloWork* halo) {
    if (halo == nullptr) {
      pending_ += sums + rest + clock_.region();
      return;
    }
    double sent = 0, received = 0;
    for (size_t q = 0; q < halo->rows_to.size(); ++q) {
      sent += static_cast<double>(bytes_to(*halo, q, bits_));
      received += static_cast<double>(bytes_from(*halo, q, bits_));
    }
    const double whole = clock_.memory("spmm", halo->cols * layer(halo->layer).rows_out);  // sums wait for what comes
    const double local = sums + whole + central * rest, hidden = overlap_ ? local : 0.0;
    const double sockets = clock_.add("sockets", clock_.sockets(sent + received));
    stages_.push_back({.before = pending_ + clock_.encode(*halo, sent), .hidden = hidden + sockets, .halo = halo});
    central_ += hidden;
    pending_ = (local - hidden) + clock_.accumulate(*halo, received) + (1 - central) * rest + 4 * clock_.region();
  }

  const RankWork& work_;
  RankClock& clock_;
  const RowBits& bits_;
  const bool overlap_;
  const int layers_;
  double pending_ = 0, central_ = 0;
  std::vector<Stage> stages_;
};

/// Bytes of the all-reduce that a rank sends to each peer, and in how many steps: its parts to the ranks that sum them,
/// and the sums to all.
struct ReduceLoad {
  double bytes_a_peer = 0;
  int steps = 2;
};
ReduceLoad reduce_load(const FullGraphConfig& config, int64_t parameters, int ranks) {
  const bool rounded = config.reduce_bits < 32;
  const int64_t bytes = rounded ? RoundedSum::bytes(parameters, config.reduce_bits, 0, ranks)
                                : all_reduce_bytes(parameters, sizeof(float), 0, ranks);
  const int steps = !rounded && 4 * parameters <= static_cast<int64_t>(kSmallReduce) ? 1 : 2;
  return {static_cast<double>(bytes) / steps / (ranks - 1), steps};
}

/// The stages of `ranks` that all compute `before` seconds and send so many bytes to each other; moving them takes
/// `busy` seconds of computation.
ExchangeStage even_stage(size_t ranks, double bytes, double before, double busy) {
  ExchangeStage stage{std::vector<double>(ranks, before), std::vector<double>(ranks, busy),
                      std::vector<double>(ranks * ranks, bytes)};
  for (size_t r = 0; r < ranks; ++r) stage.bytes[r * ranks + r] = 0;
  return stage;
}

}  // namespace

int Placement::ranks_here() const {
  if (one_machine) return static_cast<int>(host_of.size());
  return static_cast<int>(std::ranges::count(host_of, host_of.front()));
}

EpochSeconds epoch_seconds(const FullGraphConfig& config, std::span<const RankWork> ranks, const RowBits& bits,
                           const Rates& rates, const Placement& placement) {
  const auto count = static_cast<int>(ranks.size());
  EpochSeconds result;
  std::vector<ExchangeStage> stages;
  std::vector<double> last;
  double hidden = 0;
  for (int r = 0; r < count; ++r) {
    RankClock clock(config, ranks[r], bits, rates, placement);
    RankStages own(ranks[r], clock, bits, config.exchange.overlap);
    const auto made = own.make(ranks[r].layers.back().conv.out);
    stages.resize(made.size());
    for (size_t s = 0; s < made.size(); ++s) {
      ExchangeStage& stage = stages[s];
      stage.before.push_back(made[s].before);
      stage.hidden.push_back(made[s].hidden);
      for (size_t q = 0; q < made[s].halo->rows_to.size(); ++q) {
        stage.bytes.push_back(static_cast<double>(bytes_to(*made[s].halo, q, bits)));
      }
    }
    last.push_back(own.pending());
    hidden += own.central() / count;
    for (const auto& [phase, seconds] : clock.phases) result.phases[phase] += seconds / count;
  }
  stages.push_back({last, std::vector<double>(last.size(), 0.0), {}});
  LinkModel links = placement.links;
  for (int h = 0; h < links.hosts(); ++h) links.link(h, h) = {0, rates.number("message")};
  const SimulatedEpoch rows = simulate_epoch(stages, links, placement.host_of);
  double reduce = 0;
  if (count > 1) {
    const ReduceLoad load = reduce_load(config, ranks.front().parameters, count);
    const RankClock clock(config, ranks.front(), bits, rates, placement);
    const double busy = clock.sockets(2 * load.bytes_a_peer * (count - 1));
    const double before = clock.reduce(load.bytes_a_peer * (count - 1)) / load.steps;
    for (int k = 0; k < load.steps; ++k) stages.push_back(even_stage(ranks.size(), load.bytes_a_peer, before, busy));
    const SimulatedEpoch all = simulate_epoch(stages, links, placement.host_of);
    reduce = all.seconds - rows.seconds;
    result.phases["exposed"] = std::accumulate(rows.exposed.begin(), rows.exposed.end(), 0.0) / count;
    result.phases["all_reduce"] = reduce;
    result.phases["central"] = hidden;
  }
  const double layers = result.phases["spmm"] + result.phases["gemm"] + result.phases["activation"];
  result.phases["marginal"] = layers - (count > 1 ? hidden : 0);
  result.seconds = rows.seconds + reduce;
  return result;
}

}  // namespace tersegraph
