#pragma once

#include <memory>
#include <string>

#include "comm/channel.h"
#include "data/rank_data.h"
#include "train/config.h"
#include "train/trainer.h"

namespace tersegraph {

/// One rank of full-graph training: its shard, its share of the features, the replicated weights.
class FullGraphTrainer final : public Trainer {
 public:
  /// Collective over the channel's ranks. Of `data`, of the operator of config.normalisation(), all_labels() alone is
  /// needed later on; they, the split and the channel must outlive the trainer. The split is on rank 0 that of all
  /// nodes, on the others at least of their own. Errors: InputError, on every rank, when data, split and configuration
  /// contradict each other.
  FullGraphTrainer(const RankData& data, const Split& split, const FullGraphConfig& config, Channel& channel);
  /// The same on a dataset in memory, which all thread ranks share and which must outlive the trainer; `aggregation` is
  /// its operator.
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
