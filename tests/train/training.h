#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "comm/launch.h"
#include "train/full_graph.h"
#include "train/mlp_trainer.h"

namespace tersegraph::testing {

/// Remembers every epoch; asks to stop after epoch `last`.
class Recorder : public Observer {
 public:
  explicit Recorder(int64_t last = -1) : last_(last) {}
  void on_epoch(const EpochMetrics& metrics) override { epochs.push_back(metrics); }
  bool stop_requested() override { return std::ssize(epochs) + 1 == last_; }

  std::vector<EpochMetrics> epochs;

 private:
  int64_t last_;
};

/// What a run leaves, as rank 0 sees it.
struct Trained {
  TrainResult result;
  std::vector<EpochMetrics> epochs;
  std::vector<float> weights;

  std::vector<double> losses() const {
    std::vector<double> all;
    for (const EpochMetrics& epoch : epochs) all.push_back(epoch.train_loss);
    return all;
  }
};

inline std::unique_ptr<Trainer> make_trainer(const Dataset& dataset, const Partition& partition,
                                             const FullGraphConfig& config, Channel& channel) {
  const Csr matrix = aggregation_operator(dataset.graph, config.normalisation());
  return std::make_unique<FullGraphTrainer>(dataset, matrix, dataset.splits.at(0), partition, config, channel);
}

inline std::unique_ptr<Trainer> make_trainer(const Dataset& dataset, const Partition& partition,
                                             const MlpConfig& config, Channel& channel) {
  const Csr matrix = aggregation_operator(dataset.graph, config.normalisation);
  return std::make_unique<MlpTrainer>(dataset, matrix, dataset.splits.at(0), partition, config, channel);
}

/// One rank of a run on the dataset's first split.
template <class Config>
Trained train_rank(const Dataset& dataset, const Config& config, Communicator& communicator, int64_t stop_after = -1) {
  Channel channel(communicator);
  const Partition partition = make_partition(dataset.graph, channel.size(), PartitionMethod::metis_cut, 1);
  const std::unique_ptr<Trainer> trainer = make_trainer(dataset, partition, config, channel);
  Recorder recorder(stop_after);
  Trained trained;
  trained.result = trainer->train(recorder);
  trained.epochs = std::move(recorder.epochs);
  trainer->parameters().save_values(trained.weights);
  return trained;
}

struct Ranks {
  int ranks = 1;
  int threads = 1;
  int64_t stop_after = -1;
  std::vector<int> hosts = {};  ///< of each rank; empty: one for all
};

template <class Config>
Trained train(const Dataset& dataset, const Config& config, Ranks how = {}) {
  Trained trained;
  const auto on_rank = [&](Communicator& communicator) {
    Trained mine = train_rank(dataset, config, communicator, how.stop_after);
    if (communicator.rank() == 0) trained = std::move(mine);
  };
  run_thread_ranks(how.ranks, how.threads, on_rank, 0, how.hosts);
  return trained;
}

/// With communities, in five classes.
inline const Dataset& graph_of_600() {
  static const Dataset dataset = load_dataset("sbm:nodes=600,edges=4000,features=24,classes=5,seed=3");
  return dataset;
}

/// Three layers of 32 with dropout and LayerNorm, 20 epochs.
inline FullGraphConfig small_config(ModelKind kind) {
  FullGraphConfig config;
  config.model = {.kind = kind, .layers = 3, .hidden = 32, .dropout = 0.5f, .norm = NormKind::layer};
  config.epochs = 20;
  config.seed = 11;
  return config;
}

}  // namespace tersegraph::testing
