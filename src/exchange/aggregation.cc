#include "exchange/aggregation.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/parallel.h"
#include "exchange/sparse_rows.h"
#include "graph/graph.h"
#include "kernels/spmm.h"

namespace tersegraph {
namespace {

CsrView first_rows(CsrView a, int64_t rows) {
  a.rows = rows;
  return a;
}

/// The first `rows` rows of `a` (columns ascend), without the columns from `cols` on.
Csr corner(CsrView a, int64_t rows, int64_t cols) {
  Csr part;
  part.cols = cols;
  part.indptr.assign(rows + 1, 0);
  for (int64_t i = 0; i < rows; ++i) {
    const int32_t *const first = a.indices + a.begin(i), *const last = a.indices + a.end(i);
    part.indptr[i + 1] = part.indptr[i] + (std::lower_bound(first, last, cols) - first);
  }
  part.indices.reserve(part.nnz());
  if (a.values != nullptr) part.values.reserve(part.nnz());
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t first = a.begin(i), last = first + part.indptr[i + 1] - part.indptr[i];
    part.indices.insert(part.indices.end(), a.indices + first, a.indices + last);
    if (a.values != nullptr) part.values.insert(part.values.end(), a.values + first, a.values + last);
  }
  return part;
}

const Shard& checked(const Shard& shard, const Channel& channel, const ExchangeConfig& config) {
  if (!valid_bits(config.halo_bits())) {
    fail_input("--bits {}: a row is sent at 1 to 8 bits a value, at 16 (bfloat16) or at 32", config.bits);
  }
  if (shard.ranks != channel.size()) {
    fail_input("the partition has {} parts, but there are {} ranks", shard.ranks, channel.size());
  }
  return shard;
}

}  // namespace

Aggregation::Aggregation(const Shard& shard, Channel& channel, const ExchangeConfig& config)
    : shard_(checked(shard, channel, config)),
      channel_(channel),
      config_(config),
      sharing_(channel.communicator().host_of(), config.sharing(), channel.rank()),
      plans_(shard, config.rows, sharing_, channel),
      widths_(channel, config),
      exchange_(channel, sharing_),
      stale_(channel, config) {
  if (!is_symmetric(shard.local)) local_transposed_ = transpose(shard.local);
}

void Aggregation::skip_rows(const Reach& reach, std::span<const int64_t> training_rows) {
  reach_ = reach.rows;
  restricted_.assign(reach.layers(), {});
  const CsrView transposed = local_transposed_.rows() > 0 ? local_transposed_ : shard_.local;
  for (int l = 0; l < reach.layers(); ++l) {
    if (reach_[l + 1] < shard_.owned_count()) restricted_[l] = corner(transposed, reach_[l], reach_[l + 1]);
  }
  if (!alone()) plans_.skip_rows(shard_, training_rows, reach.layers(), channel_);
}

CsrView Aggregation::local(const AggregationPass& pass) const {
  return first_rows(shard_.local, rows(pass.layer + 1, pass.training));
}

CsrView Aggregation::local_transposed(const AggregationPass& pass) const {
  if (pass.training && !restricted_.empty() && restricted_[pass.layer].rows() > 0) return restricted_[pass.layer];
  const CsrView all = local_transposed_.rows() > 0 ? local_transposed_ : shard_.local;
  return first_rows(all, rows(pass.layer, pass.training));
}

void Aggregation::forward(ConstMatrixView x, MatrixView y, const AggregationPass& pass, PhaseSeconds& seconds,
                          const UseRows& use) {
  const ExchangePlan& plan = pass.training ? plans_.forward(pass.layer) : plans_.forward();
  apply(local(pass), plan, x, y, pass, false, seconds, use);
}

void Aggregation::backward(ConstMatrixView g, MatrixView gx, const AggregationPass& pass, PhaseSeconds& seconds,
                           const UseRows& use) {
  const ExchangePlan& plan = pass.training ? plans_.backward(pass.layer) : plans_.backward();
  apply(local_transposed(pass), plan, g, gx, pass, true, seconds, use);
}

void Aggregation::apply(CsrView local, const ExchangePlan& plan, ConstMatrixView x, MatrixView y,
                        const AggregationPass& pass, bool backward, PhaseSeconds& seconds, const UseRows& use) {
  WidthPolicy::Exchange* adapted = nullptr;
  StaleExchange* stale = nullptr;
  if (!alone()) {
    PhaseTimer timer(seconds, "encode");
    const Direction direction = backward ? Direction::backward(shard_.rank) : Direction::forward();
    const Traffic kind = exact_ ? Traffic::evaluation : pass.kind;
    ExchangePass sent{kind, 32, StreamKey(pass.seed, Purpose::rounding, direction, pass.epoch, pass.layer)};
    if (pass.training && !exact_) {
      adapted = widths_.prepare(plan, x.cols, {backward, pass.layer, pass.seed, pass.epoch}, sent);
      stale = stale_.of(backward, pass.layer);
    }
    stale != nullptr ? stale->start(plan, x, sent) : exchange_.start(plan, x, sent);
  }
  if (!alone() && !config_.overlap) exchange_.await(seconds);
  const Timer hidden;
  {
    ProgressScope progress([this] {
      exchange_.progress();
      stale_.progress();
    });
    {
      PhaseTimer timer(seconds, "spmm");
      spmm(local, x, y);
    }
    if (use && !alone()) use({plan.scatter, false});
  }
  if (alone()) return;
  if (adapted != nullptr) widths_.done(*adapted, exchange_.extension_bytes(), config_.overlap ? hidden.seconds() : 0.0);
  stale != nullptr ? stale->finish(x, y, seconds) : exchange_.finish(y, seconds);
  if (use) use({plan.scatter, true});
}

Csr Aggregation::forward_sparse(const Csr& x) {
  // Rows travel as they are, to each rank: sums of sparse rows are denser, and this happens once.
  std::optional<ExchangePlan> sources;
  if (config_.rows != RowChoice::sources || sharing_.any_together()) sources = plan_forward(shard_, channel_);
  const ExchangePlan& plan = sources ? *sources : plans_.forward();
  return multiply_sparse(shard_.local, x, shard_.remote, exchange_sparse_rows(plan, x, Traffic::layer0, channel_));
}

}  // namespace tersegraph
