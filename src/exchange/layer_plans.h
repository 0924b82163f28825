#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "exchange/exchange_plan.h"

namespace tersegraph {

/// The plans of a model's exchanges: full ones, and for training steps one a layer that moves only what the loss and
/// its gradients depend on.
///
/// Let R_l be the nodes whose output of layer l the loss depends on: the training nodes for the last layer, and for
/// each layer before it those of the next with all that they aggregate over. Forward, layer l needs the edges into R_l
/// alone. Backward, dL/dy_l is zero outside R_l, so the same edges carry all of its gradient: one part of `remote`
/// serves both ways. Outputs of nodes outside R_l lack what did not travel, and are read by nobody but the weights'
/// gradients, which multiply them by the zero rows of dL/dy_l. They are finite (sums of fewer finite terms; LayerNorm
/// works within a row), so that the product is zero: loss and gradients are those of the full plans, bit for bit under
/// RowChoice::sources. A normalisation over nodes would need full plans.
class LayerPlans {
 public:
  /// Full plans for every pass. Collective.
  LayerPlans(const Shard& shard, RowChoice choice, const Hosts& hosts, Channel& channel);

  /// From now on the layers have their own plans. `training_rows`: local rows that enter the loss. Layers whose edges
  /// are the same share a plan. Collective.
  void skip_rows(const Shard& shard, std::span<const int64_t> training_rows, int layers, Channel& channel);

  /// For evaluation, and for what is aggregated once.
  const ExchangePlan& forward() const { return plans_[0].forward; }
  const ExchangePlan& backward() const { return plans_[0].backward; }
  /// For a training step.
  const ExchangePlan& forward(int layer) const { return of(layer).forward; }
  const ExchangePlan& backward(int layer) const { return of(layer).backward; }

 private:
  struct Pair {
    ExchangePlan forward, backward;
  };

  Pair make(const Shard& shard, CsrView remote, Channel& channel) const;
  const Pair& of(int layer) const { return plans_[layer_plan_.empty() ? 0 : layer_plan_[layer]]; }

  RowChoice choice_;
  Hosts hosts_;
  std::vector<Pair> plans_;      ///< the full one first
  std::vector<int> layer_plan_;  ///< the plan of each layer; empty: the full one for all
};

/// R_l of this rank for every layer: a byte a local row. Collective.
std::vector<std::vector<uint8_t>> needed_rows(const Shard& shard, std::span<const int64_t> training_rows, int layers,
                                              Channel& channel);

}  // namespace tersegraph
