#pragma once

#include <cstdint>
#include <memory>

#include "comm/channel.h"
#include "data/dataset.h"
#include "graph/partition.h"
#include "train/config.h"
#include "train/trainer.h"

namespace tersegraph {

/// Rows that an evaluation computes at once, from layer 1 on: enough for many threads, few beside the nodes.
constexpr int64_t kEvaluationRows = 4096;

/// One rank of training a multi-layer perceptron on augmented features, data-parallel over node shards: every rank
/// computes its own training rows, and the gradients are summed. Other nodes are only evaluated.
///
/// parameters() are of a model that reads hops as they are: the scales s_k of config.augment, which shape the training,
/// are folded into layer 0's weight when it ends. So a model works on other data too, there with scale_hops = false.
class MlpTrainer final : public Trainer {
 public:
  /// Collective over the channel's ranks; every rank passes the same arguments. `aggregation` is the operator of
  /// config.normalisation on the dataset's graph, needed only here; the dataset, the split and the channel must outlive
  /// the trainer. Thread ranks share them. Errors: InputError, on every rank, when dataset, split and configuration
  /// contradict each other.
  MlpTrainer(const Dataset& dataset, const Csr& aggregation, const Split& split, const Partition& partition,
             const MlpConfig& config, Channel& channel);
  ~MlpTrainer() override;

  /// With stages of growth, the best weights are the best of the last stage (of the one in which it was stopped, grown
  /// to the last one's layers).
  TrainResult train(Observer& observer) override;
  Matrix outputs() override;
  Parameters& parameters() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tersegraph
