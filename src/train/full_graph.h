#pragma once

#include <memory>
#include <string>

#include "comm/channel.h"
#include "data/dataset.h"
#include "graph/partition.h"
#include "train/config.h"
#include "train/trainer.h"

namespace tersegraph {

/// One rank of full-graph training: its shard, its share of the features, the replicated weights.
class FullGraphTrainer final : public Trainer {
 public:
  /// Collective over the channel's ranks; every rank passes the same arguments. `aggregation` is the operator of
  /// config.normalisation() on the dataset's graph, needed only here; the dataset, the split and the channel must
  /// outlive the trainer. Thread ranks share them. Errors: InputError, on every rank, when dataset, split and
  /// configuration contradict each other.
  FullGraphTrainer(const Dataset& dataset, const Csr& aggregation, const Split& split, const Partition& partition,
                   const FullGraphConfig& config, Channel& channel);
  ~FullGraphTrainer() override;

  TrainResult train(Observer& observer) override;
  Matrix outputs() override;
  Parameters& parameters() override;

  /// The links that adaptive widths are chosen by, as the option takes them: given to it, they repeat the run. "" where
  /// none are needed.
  std::string link_words() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tersegraph
