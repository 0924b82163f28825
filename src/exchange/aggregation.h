#pragma once

#include <cstdint>

#include "base/timer.h"
#include "exchange/exchange_plan.h"
#include "exchange/halo_exchange.h"
#include "exchange/policy.h"
#include "exchange/width_policy.h"
#include "graph/shard.h"

namespace tersegraph {

/// When an aggregation happens; keys its random numbers and decides how its halo rows travel.
struct AggregationPass {
  bool exact = true;
  Traffic kind = Traffic::evaluation;
  uint64_t seed = 0;
  int64_t epoch = 0;
  int layer = 0;
};

/// The aggregation operator A over all ranks. Each rank holds the rows of its owned nodes; what it needs of the others
/// travels while it works on what it has.
class Aggregation {
 public:
  /// Collective. `shard` must outlive this.
  Aggregation(const Shard& shard, Channel& channel, const ExchangeConfig& config);

  /// y = A x for the owned rows. x, y (owned, d).
  void forward(ConstMatrixView x, MatrixView y, const AggregationPass& pass, PhaseSeconds& seconds);

  /// gx = A^T g, the gradient of forward.
  void backward(ConstMatrixView g, MatrixView gx, const AggregationPass& pass, PhaseSeconds& seconds);

  /// The same for sparse rows, once: A X with X (owned, F) sparse. Collective.
  Csr forward_sparse(const Csr& x);

  /// After the exchanges of a training epoch: new widths are decided when they are due. Collective.
  void end_epoch(int64_t epoch) { widths_.end_epoch(epoch); }
  WidthPolicy& widths() { return widths_; }
  const WidthPolicy& widths() const { return widths_; }

  const Shard& shard() const { return shard_; }
  const HaloExchange& exchange() const { return exchange_; }
  void release_buffers() { exchange_.release(); }

 private:
  void apply(CsrView local, const ExchangePlan& plan, ConstMatrixView x, MatrixView y, const AggregationPass& pass,
             bool backward, PhaseSeconds& seconds);

  const Shard& shard_;
  Channel& channel_;
  ExchangeConfig config_;
  Csr local_transposed_;  ///< empty when `local` is its own transpose
  ExchangePlan forward_, backward_;
  WidthPolicy widths_;
  HaloExchange exchange_;
};

}  // namespace tersegraph
