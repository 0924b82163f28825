#include "exchange/aggregation.h"

#include "base/error.h"
#include "base/parallel.h"
#include "exchange/sparse_rows.h"
#include "kernels/spmm.h"

namespace tersegraph {
namespace {

bool same(const Csr& a, const Csr& b) {
  return a.cols == b.cols && a.indptr == b.indptr && a.indices == b.indices && a.values == b.values;
}

}  // namespace

Aggregation::Aggregation(const Shard& shard, Channel& channel, const ExchangeConfig& config)
    : shard_(shard), channel_(channel), config_(config), widths_(channel, config), exchange_(channel) {
  if (!valid_bits(config.halo_bits())) {
    fail_input("--bits {}: a row is sent at 1 to 8 bits a value, at 16 (bfloat16) or at 32", config.bits);
  }
  if (shard.ranks != channel.size()) {
    fail_input("the partition has {} parts, but there are {} ranks", shard.ranks, channel.size());
  }
  local_transposed_ = transpose(shard.local);
  if (same(local_transposed_, shard.local)) local_transposed_ = Csr();
  forward_ = plan_forward(shard, channel);
  backward_ = plan_backward(shard, forward_);
}

void Aggregation::forward(ConstMatrixView x, MatrixView y, const AggregationPass& pass, PhaseSeconds& seconds) {
  apply(shard_.local, forward_, x, y, pass, false, seconds);
}

void Aggregation::backward(ConstMatrixView g, MatrixView gx, const AggregationPass& pass, PhaseSeconds& seconds) {
  apply(local_transposed_.rows() > 0 ? local_transposed_ : shard_.local, backward_, g, gx, pass, true, seconds);
}

void Aggregation::apply(CsrView local, const ExchangePlan& plan, ConstMatrixView x, MatrixView y,
                        const AggregationPass& pass, bool backward, PhaseSeconds& seconds) {
  WidthPolicy::Exchange* adapted = nullptr;
  if (channel_.size() > 1) {
    PhaseTimer timer(seconds, "encode");
    const Direction direction = backward ? Direction::backward(shard_.rank) : Direction::forward();
    ExchangePass sent{pass.kind, 32, StreamKey(pass.seed, Purpose::rounding, direction, pass.epoch, pass.layer)};
    if (!pass.exact && config_.policy != ExchangePolicy::exact) {
      adapted = &widths_.prepare(plan, x.cols, {backward, pass.layer, pass.seed, pass.epoch}, sent);
    }
    exchange_.start(plan, x, sent);
  }
  const Timer hidden;
  {
    PhaseTimer timer(seconds, "spmm");
    ProgressScope progress([this] { channel_.communicator().progress(); });
    spmm(local, x, y);
  }
  if (adapted != nullptr) widths_.done(*adapted, exchange_.extension_bytes(), hidden.seconds());
  if (channel_.size() > 1) exchange_.finish(y, seconds);
}

Csr Aggregation::forward_sparse(const Csr& x) {
  return multiply_sparse(shard_.local, x, shard_.remote, exchange_sparse_rows(forward_, x, Traffic::layer0, channel_));
}

}  // namespace tersegraph
