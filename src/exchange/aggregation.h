#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/saved_state.h"
#include "base/timer.h"
#include "exchange/halo_exchange.h"
#include "exchange/layer_plans.h"
#include "exchange/policy.h"
#include "exchange/reach.h"
#include "exchange/stale_exchange.h"
#include "exchange/width_policy.h"
#include "graph/shard.h"
#include "kernels/spmm.h"

namespace tersegraph {

/// When an aggregation happens; keys its random numbers and decides how its halo rows travel.
struct AggregationPass {
  bool training = false;  ///< rows are encoded as the policy says, and only those that the loss depends on are computed
  Traffic kind = Traffic::evaluation;
  uint64_t seed = 0;
  int64_t epoch = 0;
  int layer = 0;
};

/// Says of rows begin..end of a sum whether they are to be used now: while messages travel those to which none adds
/// (central nodes), afterwards the others.
class RowsInTurn {
 public:
  RowsInTurn(CsrView scatter, bool arrived) : scatter_(scatter), arrived_(arrived) {}
  bool operator()(int64_t begin, int64_t end) const {
    return (scatter_.indptr[begin] < scatter_.indptr[end]) == arrived_;
  }

 private:
  CsrView scatter_;
  bool arrived_;
};
/// Goes on with the rows in turn; called twice. (By std::ref, so that no epoch allocates.)
using UseRows = std::function<void(const RowsInTurn&)>;

/// The aggregation operator A over all ranks. Each rank holds the rows of its owned nodes; what it needs of the others
/// travels while it works on what it has.
class Aggregation {
 public:
  /// Collective. `shard` must outlive this.
  Aggregation(const Shard& shard, Channel& channel, const ExchangeConfig& config);

  /// From now on training passes of a model of reach.layers() layers compute only the rows that `reach` says and send
  /// only what they need. The shard's rows must be in its order. Collective.
  void skip_rows(const Reach& reach, std::span<const int64_t> training_rows);

  /// Rows of the input of `layer` that a pass computes (of the last layer's output: layer = layers): the first ones.
  int64_t rows(int layer, bool training) const {
    return training && !reach_.empty() ? reach_[layer] : shard_.owned_count();
  }

  /// y = A x for the owned rows. x (rows(layer), d), y (rows(layer + 1), d). `use`, between ranks, gets the rows of y
  /// as they are ready; it must leave x alone.
  void forward(ConstMatrixView x, MatrixView y, const AggregationPass& pass, PhaseSeconds& seconds,
               const UseRows& use = {});

  /// gx = A^T g, the gradient of forward. g (rows(layer + 1), d), gx (rows(layer), d).
  void backward(ConstMatrixView g, MatrixView gx, const AggregationPass& pass, PhaseSeconds& seconds,
                const UseRows& use = {});

  /// True for one rank: its rows need no messages, so they can be had block by block.
  bool alone() const { return channel_.size() == 1; }
  /// Rows begin..end of A x into y, on the calling thread. Only where alone().
  template <class View>  // ConstMatrixView or ConstBf16View
  void forward_rows(View x, int64_t begin, int64_t end, float* y, const AggregationPass& pass) const {
    spmm_rows(local(pass), x, begin, end, y);
  }
  /// Rows begin..end of A^T g.
  template <class View>
  void backward_rows(View g, int64_t begin, int64_t end, float* gx, const AggregationPass& pass) const {
    spmm_rows(local_transposed(pass), g, begin, end, gx);
  }

  /// A X for sparse X (owned, F), once. Collective.
  Csr forward_sparse(const Csr& x);

  /// After the exchanges of a training epoch: new widths are decided when they are due. Collective.
  void end_epoch(int64_t epoch) { widths_.end_epoch(epoch); }
  WidthPolicy& widths() { return widths_; }
  const WidthPolicy& widths() const { return widths_; }

  const Shard& shard() const { return shard_; }
  const LayerPlans& plans() const { return plans_; }
  /// The part of A that a pass multiplies with here, forward and backward.
  CsrView local(const AggregationPass& pass) const;
  CsrView local_transposed(const AggregationPass& pass) const;
  /// Bits and values sent so far in training exchanges: their ratio is the mean bit-width.
  int64_t halo_bits() const { return exchange_.halo_bits() + stale_.halo_bits(); }
  int64_t halo_values() const { return exchange_.halo_values() + stale_.halo_values(); }
  /// Seconds so far in which rows travelled while this rank computed.
  double hidden_seconds() const { return exchange_.hidden_seconds() + stale_.hidden_seconds(); }
  void release_buffers() { exchange_.release(); }

  /// Training passes send fp32 (Traffic::evaluation), whatever the policy, and leave no trace in what it remembers.
  void be_exact(bool exact) { exact_ = exact; }

  /// Waits for messages that a later epoch would have used. Collective.
  void settle() { stale_.settle(); }
  /// Adds on rank 0 what the exchanges of later epochs depend on. Collective.
  void save(SavedState& state);
  /// Before the first epoch; what was saved by ranks of another number, or otherwise spread over hosts, is left. Every
  /// rank passes the same state.
  void load(const SavedState& state);

 private:
  void apply(CsrView local, const ExchangePlan& plan, ConstMatrixView x, MatrixView y, const AggregationPass& pass,
             bool backward, PhaseSeconds& seconds, const UseRows& use);

  const Shard& shard_;
  Channel& channel_;
  ExchangeConfig config_;
  Hosts sharing_;                ///< whose ranks share rows
  Csr local_transposed_;         ///< empty when `local` is its own transpose
  std::vector<int64_t> reach_;   ///< by layer, the last one's output at the end; empty: all rows
  std::vector<Csr> restricted_;  ///< by layer, local^T over the rows of its output that are computed; empty: all are
  LayerPlans plans_;
  WidthPolicy widths_;
  bool exact_ = false;
  HaloExchange exchange_;
  StaleExchanges stale_;
};

}  // namespace tersegraph
