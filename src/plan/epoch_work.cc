#include "plan/epoch_work.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "comm/collectives.h"
#include "exchange/reach.h"
#include "exchange/sparse_rows.h"
#include "nn/gnn_model.h"
#include "nn/row_blocks.h"
#include "plan/traffic.h"
#include "train/epoch_loop.h"
#include "train/input_errors.h"
#include "train/input_features.h"
#include "train/input_order.h"
#include "train/local_targets.h"

namespace tersegraph {
namespace {

std::vector<int64_t> counts(const std::vector<int64_t>& offsets) {
  std::vector<int64_t> rows;
  for (size_t q = 0; q + 1 < offsets.size(); ++q) rows.push_back(offsets[q + 1] - offsets[q]);
  return rows;
}

/// `hosts` as the policy sees them.
HaloWork halo_work(const ExchangePlan& plan, const Hosts& hosts, int layer, bool backward, int64_t cols) {
  HaloWork work{.layer = layer,
                .backward = backward,
                .cols = cols,
                .rows_to = counts(plan.send_offsets),
                .rows_from = counts(plan.receive_offsets),
                .gathered = plan.gather.nnz() + plan.given.nnz() + plan.taken.nnz(),
                .scattered = plan.scatter.nnz()};
  const int64_t mates = std::ssize(hosts.mates()) - 1;
  for (int q = 0; q < std::ssize(hosts.host_of()); ++q) {
    work.exact_with.push_back(hosts.here(q));
    if (!plan.shared.reads(q)) work.rows_from[q] = 0;
    if (plan.shared.shared(q) && work.rows_from[q] > 0) work.word_bytes += mates * HostRooms::kWordBytes;
  }
  return work;
}

/// Of the rows, those that a RowBlocks' range goes on with while messages travel: the range has no remote entry.
double central_share(const ExchangePlan& plan, int64_t rows) {
  if (rows == 0) return 1;
  const int64_t range = RowBlocks().range_rows(rows);
  int64_t central = 0;
  for (int64_t begin = 0; begin < rows; begin += range) {
    const int64_t end = std::min(begin + range, rows);
    if (plan.scatter.indptr[begin] == plan.scatter.indptr[end]) central += end - begin;
  }
  return static_cast<double>(central) / static_cast<double>(rows);
}

class Describer {
 public:
  Describer(const RankData& data, const Split& split, const FullGraphConfig& config, Channel& channel)
      : data_(data),
        config_(config),
        channel_(channel),
        hosts_(channel.communicator().host_of(), config.exchange.intra, channel.rank()),
        shard_(agreed(channel, [&] { return data.shard(config.ordering, config.seed); })),
        reach_(order_by_reach(shard_, split.train, config.model.layers, channel)),
        aggregation_(shard_, channel, without_widths(config.exchange)),
        order_(choose_input_order(facts(), config)),
        model_(config.model, data.shape().features, data.shape().outputs, order_, config.decay_first_layer_only,
               parameters_) {
    parameters_.finalize();
    if (!split.train.empty()) aggregation_.skip_rows(reach_, make_local_targets({}, split, shard_).train);
  }

  RankWork describe() {
    RankWork work;
    work.owned = shard_.owned_count();
    work.halo = shard_.halo_count();
    work.parameters = parameters_.size();
    work.told_cols = EpochLoop::told_columns(config_.gather_outputs, data_.shape().task, data_.shape().outputs);
    work.gradient_sums = model_.gradient_sums(shard_.owned_count(), stays_sparse(data_.shape()));
    work.reuse = reuse_of(shard_.local);
    for (int l = 0; l < model_.layers(); ++l) work.layers.push_back(layer_work(l));
    const bool alone = channel_.size() == 1;
    for (int l = 0; l < model_.layers() && !alone; ++l) {
      const GraphConv& conv = model_.conv(l);
      if (!sends_forward(conv)) continue;
      work.exchanges.push_back(halo_work(aggregation_.plans().forward(l), hosts_, l, false, conv.message_cols()));
      work.evaluation.push_back(halo_work(aggregation_.plans().forward(), hosts_, l, false, conv.message_cols()));
    }
    for (int l = model_.layers() - 1; l >= 0 && !alone; --l) {
      if (!sends_backward(model_.conv(l), l)) continue;
      work.exchanges.push_back(
          halo_work(aggregation_.plans().backward(l), hosts_, l, true, model_.conv(l).message_cols()));
    }
    describe_input(work);
    return work;
  }

 private:
  /// The plans are those of the policy, and nothing is probed.
  static ExchangeConfig without_widths(ExchangeConfig exchange) {
    exchange.intra = exchange.sharing();
    exchange.policy = ExchangePolicy::exact;
    return exchange;
  }

  InputFacts facts() {
    int64_t sums[] = {shard_.local.nnz() + shard_.remote.nnz(), shard_.halo_count()};
    all_reduce_sum(channel_, Traffic::setup, std::span(sums));
    return input_facts(data_.shape(), sums[0], config_, sums[1], channel_.size());
  }

  LayerWork layer_work(int l) const {
    const AggregationPass pass{.training = true, .layer = l};
    LayerWork work{
        .conv = model_.conv(l), .rows_in = aggregation_.rows(l, true), .rows_out = aggregation_.rows(l + 1, true)};
    if (!work.conv.aggregates()) return work;
    const CsrView forward = aggregation_.local(pass), backward = aggregation_.local_transposed(pass);
    work.forward_entries = forward.end(forward.rows - 1) - forward.begin(0);
    work.backward_entries = backward.end(backward.rows - 1) - backward.begin(0);
    if (channel_.size() > 1) work.central_share = central_share(aggregation_.plans().forward(l), work.rows_out);
    return work;
  }

  /// Constant features that are aggregated once travel as they are.
  void describe_input(RankWork& work) {
    const DatasetShape shape = data_.shape();
    if (order_ == ConvOrder::aggregated_input && !shape.sparse_features && channel_.size() > 1) {
      const HaloWork all = halo_work(aggregation_.plans().forward(), hosts_, 0, false, shape.features);
      work.layer0_bytes = halo_bytes(all, {});
    }
    if (!shape.sparse_features || order_ == ConvOrder::aggregate_first) return;
    const Csr rows = std::move(agreed(channel_, [&] { return data_.features(shard_.owned); }).sparse);
    if (stays_sparse(rows)) work.features = {rows.nnz(), reuse_of(rows.view())};
    if (order_ != ConvOrder::aggregated_input) return;
    const int64_t before = channel_.ledger().bytes(Traffic::layer0);
    const Csr aggregated = aggregation_.forward_sparse(rows);
    if (stays_sparse(aggregated)) work.aggregated = {aggregated.nnz(), reuse_of(aggregated.view())};
    work.layer0_bytes = channel_.ledger().bytes(Traffic::layer0) - before;
  }

  const RankData& data_;
  const FullGraphConfig& config_;
  Channel& channel_;
  Hosts hosts_;
  Shard shard_;
  Reach reach_;
  Aggregation aggregation_;
  ConvOrder order_;
  Parameters parameters_;
  GnnModel model_;
};

}  // namespace

bool sends_forward(const GraphConv& conv) {
  return conv.aggregates();
}
bool sends_backward(const GraphConv& conv, int layer) {
  return layer > 0 ? conv.aggregates() : conv.transforms_first();
}

int64_t HaloWork::rows_sent() const {
  return std::accumulate(rows_to.begin(), rows_to.end(), int64_t{0});
}
int64_t HaloWork::rows_received() const {
  return std::accumulate(rows_from.begin(), rows_from.end(), int64_t{0});
}

ReuseHistogram reuse_of(CsrView a) {
  ReuseHistogram histogram{};
  std::vector<int64_t> last(static_cast<size_t>(a.cols), -1);
  const int64_t first = a.rows > 0 ? a.begin(0) : 0, end = a.rows > 0 ? a.end(a.rows - 1) : 0;
  for (int64_t e = first; e < end; ++e) {
    const int64_t since = last[a.indices[e]] < 0 ? std::max<int64_t>(a.cols, 1) : e - last[a.indices[e]];
    last[a.indices[e]] = e;
    ++histogram[std::bit_width(static_cast<uint64_t>(since)) - 1];
  }
  return histogram;
}

RankWork rank_work(const RankData& data, const Split& split, const FullGraphConfig& config, Channel& channel) {
  return agree_on_input(channel, [&] { return Describer(data, split, config, channel).describe(); });
}

}  // namespace tersegraph
