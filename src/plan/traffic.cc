#include "plan/traffic.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "comm/collectives.h"
#include "comm/rounded_sum.h"
#include "exchange/bit_assigner.h"
#include "exchange/message.h"
#include "train/epoch_loop.h"
#include "train/evaluation.h"
#include "train/gather.h"

namespace tersegraph {
namespace {

/// Histograms for every pair of ranks are large: so many ranks, of all hosts, stand for more.
constexpr size_t kMostRanks = 16;

std::vector<size_t> ranks_for_all(size_t ranks) {
  std::vector<size_t> some;
  const size_t count = std::min(ranks, kMostRanks);
  for (size_t k = 0; k < count; ++k) some.push_back(k * ranks / count);
  return some;
}

/// The widths of `config` on both sides of a mean.
RowBits between(const std::vector<int>& widths, double mean) {
  RowBits bits{0, 0, 0};
  bits.low = *std::ranges::min_element(widths), bits.high = *std::ranges::max_element(widths);
  for (const int width : widths) {
    if (width <= mean) bits.low = std::max(bits.low, width);
    if (width >= mean) bits.high = std::min(bits.high, width);
  }
  bits.high_share = bits.high > bits.low ? (mean - bits.low) / (bits.high - bits.low) : 1;
  return bits;
}

/// Rows to a peer whose widths the policy chooses.
int64_t chosen_rows(const HaloWork& work, size_t peer) {
  return work.exact(peer) ? 0 : work.rows_to[peer];
}

/// What decide_widths takes where every row has the same variance.
RowBits adaptive_bits(const ExchangeConfig& config, std::span<const RankWork> ranks, const Link& link) {
  const std::vector<size_t> some = ranks_for_all(ranks.size());
  std::vector<int> host_of(some.size());
  std::iota(host_of.begin(), host_of.end(), 0);
  const Lanes lanes(LinkModel::uniform(static_cast<int>(some.size()), link), host_of, config.schedule);
  const size_t exchanges = ranks.front().exchanges.size();
  SlopeHistograms histograms(static_cast<int>(exchanges), lanes.count());
  double narrow = 0, wide = 0;
  const int lowest = *std::ranges::min_element(config.widths), highest = config.halo_bits();
  for (size_t t = 0; t < exchanges; ++t) {
    const int64_t cols = ranks.front().exchanges[t].cols;
    const WidthLadder ladder(config.widths, cols);
    const std::vector<int64_t> one_message{0, 1};
    const std::vector<float> one{1.0f};
    histograms.set_steepest(static_cast<int>(t), steepest_step(ladder, {one_message, one, one}));
    for (size_t r = 0; r < some.size(); ++r) {
      const HaloWork& work = ranks[some[r]].exchanges[t];
      std::vector<int64_t> offsets{0};
      for (const size_t q : some) offsets.push_back(offsets.back() + chosen_rows(work, q));
      const std::vector<float> ones(static_cast<size_t>(offsets.back()), 1.0f);
      const MessageCosts costs{offsets, ones, ones};
      histograms.add(static_cast<int>(t), ladder, cols, costs, lanes.from(static_cast<int>(r)));
      for (const size_t q : some) {
        narrow += static_cast<double>(message_bytes(chosen_rows(work, q), cols, {lowest, lowest}));
        wide += static_cast<double>(message_bytes(chosen_rows(work, q), cols, {highest, highest}));
      }
    }
  }
  AssignerGoal goal = config.goal;
  if (goal.form == AssignerGoal::Form::slack) goal = {AssignerGoal::Form::error, kEnoughError, {}};
  const double bytes = decide_widths(goal, histograms, lanes).bytes;
  const double share = wide > narrow ? std::clamp((bytes - narrow) / (wide - narrow), 0.0, 1.0) : 1.0;
  return between(config.widths, lowest + share * (highest - lowest));
}

void add_halo(const RankWork& rank, const RowBits& bits, TrafficPlan& plan) {
  for (const HaloWork& work : rank.exchanges) {
    of(plan.epoch, work.backward ? Traffic::halo_backward : Traffic::halo_forward) += halo_bytes(work, bits);
  }
  for (const HaloWork& work : rank.evaluation) of(plan.evaluation, Traffic::evaluation) += halo_bytes(work, {});
  of(plan.once, Traffic::layer0) += rank.layer0_bytes;
}

}  // namespace

int64_t message_bytes(int64_t rows, int64_t cols, const RowBits& bits) {
  const MessageLayout low(rows, cols, bits.low), high(rows, cols, bits.high);
  if (rows == 0) return 0;
  const auto more = static_cast<double>(high.extension_offset() - low.extension_offset());
  return low.extension_offset() + std::llround(bits.high_share * more);
}

int64_t bytes_to(const HaloWork& work, size_t peer, const RowBits& bits) {
  return message_bytes(work.rows_to[peer], work.cols, work.exact(peer) ? RowBits{} : bits);
}

int64_t bytes_from(const HaloWork& work, size_t peer, const RowBits& bits) {
  return message_bytes(work.rows_from[peer], work.cols, work.exact(peer) ? RowBits{} : bits);
}

int64_t halo_bytes(const HaloWork& work, const RowBits& bits) {
  int64_t bytes = work.word_bytes;
  for (size_t q = 0; q < work.rows_to.size(); ++q) bytes += bytes_to(work, q, bits);
  return bytes;
}

RowBits row_bits(const ExchangeConfig& config, std::span<const RankWork> ranks, const Link& link) {
  if (config.policy == ExchangePolicy::random) {
    const double sum = std::accumulate(config.widths.begin(), config.widths.end(), 0.0);
    return between(config.widths, sum / static_cast<double>(config.widths.size()));
  }
  const bool exchanges = ranks.size() > 1 && !ranks.front().exchanges.empty();
  if (config.policy == ExchangePolicy::adaptive && exchanges) return adaptive_bits(config, ranks, link);
  return {config.halo_bits(), config.halo_bits(), 1};
}

TrafficPlan traffic(const DatasetShape& dataset, const FullGraphConfig& config, std::span<const RankWork> ranks,
                    const RowBits& bits) {
  TrafficPlan plan;
  const int count = static_cast<int>(ranks.size());
  if (count == 1) return plan;
  for (int r = 0; r < count; ++r) {
    const RankWork& rank = ranks[r];
    add_halo(rank, bits, plan);
    of(plan.epoch, Traffic::all_reduce) +=
        EpochLoop::record_bytes(count) + (config.reduce_bits < 32
                                              ? RoundedSum::bytes(rank.parameters, config.reduce_bits, r, count)
                                              : all_reduce_bytes(rank.parameters, sizeof(float), r, count));
    of(plan.evaluation, Traffic::evaluation) += evaluation_bytes(dataset.task, dataset.outputs, r, count);
    // The best weights' outputs once more.
    for (const HaloWork& work : rank.evaluation) of(plan.once, Traffic::evaluation) += halo_bytes(work, {});
    of(plan.once, Traffic::evaluation) += gather_rows_bytes(rank.owned, rank.told_cols, r);
  }
  return plan;
}

TrafficBytes TrafficPlan::run(int64_t epochs, int64_t evaluations) const {
  TrafficBytes sum = once;
  for (int kind = 0; kind < kTrafficKinds; ++kind) sum[kind] += epochs * epoch[kind] + evaluations * evaluation[kind];
  return sum;
}

int64_t evaluations(int64_t epochs, int64_t eval_every) {
  if (eval_every == 0 || epochs == 0) return epochs == 0 ? 0 : 1;
  return epochs / eval_every + (epochs % eval_every != 0 ? 1 : 0);
}

}  // namespace tersegraph
