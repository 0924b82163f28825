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
  int node_ranks = 1;  ///< ranks that the training nodes of each layer are cut over; divides the ranks
};

/// One rank of training by ADMM. Nodes are spread over all ranks for the augmentation and the evaluation; for the
/// training ranks stand on two axes (RankAxes): layers are spread over ranks / node_ranks blocks of ranks, and the
/// training nodes of each over the node_ranks ranks of its block. The training rows of X go to those of the first
/// layer, to each its own. Where X has more columns than training rows, training runs in the exact reduced basis. The
/// iterates are the same, bit for bit, for any number of ranks that share the layers, and up to the order of sums for
/// any number that share the nodes.
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
  /// every rank, for labels that are no classes, settings that cannot be trained with, and more node ranks than
  /// training nodes.
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
