#pragma once

#include "base/matrix.h"
#include "exchange/exchange_plan.h"
#include "exchange/halo_exchange.h"
#include "graph/shard.h"

namespace tersegraph {

/// y = A x over all ranks, exact, every sum over neighbours in global id order: the same bits for any number of ranks
/// and any partition. It waits for the halo rows before it computes, so training uses Aggregation instead.
class OrderedAggregation {
 public:
  /// Collective. `shard` and `channel` must outlive this.
  OrderedAggregation(const Shard& shard, Channel& channel);

  /// x, y (owned, d). Collective.
  void forward(ConstMatrixView x, MatrixView y, Traffic kind);

  /// A's rows of the owned nodes. Columns are rows of [owned; halo], in the order of their global ids.
  const Csr& operator_rows() const { return in_order_ ? shard_.local : merged_; }
  /// How owned rows reach the halos of others; rows received lie in halo order.
  const ExchangePlan& plan() const { return plan_; }
  const Shard& shard() const { return shard_; }

 private:
  const Shard& shard_;
  Channel& channel_;
  bool in_order_;  ///< the shard's local part is the whole operator, and in order
  Csr merged_;
  ExchangePlan plan_;
  HaloExchange exchange_;
  Matrix all_;  ///< [owned; halo]
};

}  // namespace tersegraph
