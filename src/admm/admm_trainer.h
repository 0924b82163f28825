#pragma once

#include <memory>

#include "admm/config.h"
#include "augment/augmented_features.h"
#include "comm/channel.h"
#include "data/dataset.h"
#include "graph/partition.h"
#include "graph/reorder.h"
#include "train/trainer.h"

namespace tersegraph {

/// A graph-augmented multi-layer perceptron by ADMM: what is augmented and how it is trained.
struct AdmmTrainerConfig {
  AdmmConfig admm;
  AugmentConfig augment;
  Ordering ordering = Ordering::automatic;
};

/// One rank of training by ADMM. Nodes are spread over the ranks for the augmentation and the evaluation, layers for
/// the training: the training rows of X go to rank 0, which has the first layer. Where X has more columns than training
/// rows, training runs in the exact reduced basis. The iterates are the same for any number of ranks, bit for bit.
///
/// An epoch is an iteration. The best iterate is the one with the best validation accuracy at full depth.
/// parameters() are of a model that reads hops as they are, neither reduced nor scaled; outputs() are theirs. Without
/// training nodes a trainer only predicts.
/// TrainResult::facts has "link_bytes_per_iteration", the bytes of p and q in one iteration on the links of all layers,
/// whether or not they join ranks; "inputs", the columns that layer 1 was trained on;
/// "theory_least_rho", above which the proof of descent holds.
class AdmmTrainer final : public Trainer {
 public:
  /// Collective over the channel's ranks; every rank passes the same arguments. `aggregation` is A~, needed only here;
  /// the dataset, the split and the channel must outlive the trainer. Thread ranks share them. Errors: InputError, on
  /// every rank, for labels that are no classes and settings that cannot be trained with.
  AdmmTrainer(const Dataset& dataset, const Csr& aggregation, const Split& split, const Partition& partition,
              const AdmmTrainerConfig& config, Channel& channel);
  ~AdmmTrainer() override;

  TrainResult train(Observer& observer) override;
  Matrix outputs() override;
  Parameters& parameters() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tersegraph
