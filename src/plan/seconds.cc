#include "plan/seconds.h"

#include <numeric>

#include "comm/collectives.h"
#include "comm/rounded_sum.h"
#include "exchange/message.h"
#include "plan/rank_clock.h"
#include "plan/simulation.h"

namespace tersegraph {
namespace {

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
      pending_ += clock_.input_gemm("gemm", layer(0).rows_in, layer(0).conv, work_.features);
    }
    for (int l = 0; l < layers_;) l = forward(l);
    pending_ += clock_.values("loss", "loss", layer(layers_ - 1).rows_out * outputs);
    pending_ += descend(layers_ - 1);
    for (int l = layers_ - 1; l > 0 || (l == 0 && layer(0).conv.transforms_first()); --l) backward(l);
    // Every range of blocks has sums of its own for the weights' gradients: zero at first, and added up at the end.
    pending_ += clock_.memory("gemm", 2 * work_.gradient_sums);
    pending_ += clock_.optimizer();
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
      rest += clock_.input_gemm("gemm", w.rows_out, w.conv, work_.aggregated);
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
      rest += input ? clock_.input_gemm("gemm_ta", w.rows_in, w.conv, work_.features)
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
        return clock_.input_gemm("gemm_ta", w.rows_out, w.conv, work_.aggregated) + root_of_input(w, l);
      case ConvOrder::unaggregated:
        return 0;
    }
    return 0;
  }
  double root_of_input(const LayerWork& w, int l) { return w.conv.has_root() ? root("gemm_ta", l) : 0.0; }
  double root(const std::string& table, int l) {
    const LayerWork& w = layer(l);
    return l == 0 ? clock_.input_gemm(table, w.rows_out, w.conv, work_.features)
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
    const double whole =
        clock_.memory("spmm", 2 * halo->cols * layer(halo->layer).rows_out);  // sums wait for what comes
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
  for (int from = 0; from < links.hosts(); ++from) {
    for (int to = 0; to < links.hosts(); ++to) {
      if (from == to) links.link(from, to) = {};
      links.link(from, to).gamma += rates.number("message");
    }
  }
  const SimulatedEpoch rows = simulate_epoch(stages, links, placement.host_of);
  double reduce = 0;
  if (count > 1) {
    const ReduceLoad load = reduce_load(config, ranks.front().parameters, count);
    const RankClock clock(config, ranks.front(), bits, rates, placement);
    const double busy = clock.sockets(2 * load.bytes_a_peer * (count - 1));
    const double before = clock.reduce(load.bytes_a_peer * (count - 1), count - 1) / load.steps;
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
