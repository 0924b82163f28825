// Trains under mpirun, then as threads of rank 0's process: losses and weights must agree bit for bit.
#include <cstdio>
#include <exception>

#include "train/training.h"

namespace {

using namespace tersegraph;
using testing::Trained;

FullGraphConfig config_of(ModelKind kind, ExchangeConfig exchange) {
  FullGraphConfig config = testing::small_config(kind);
  config.exchange = exchange;
  config.epochs = 10;
  return config;
}

bool agree(const char* what, const Trained& mpi, const Trained& threads) {
  const bool same = !mpi.weights.empty() && mpi.losses() == threads.losses() && mpi.weights == threads.weights &&
                    mpi.result.bytes == threads.result.bytes;
  std::printf("%s: loss %.17g under MPI, %.17g with threads: %s\n", what, mpi.epochs.back().train_loss,
              threads.epochs.back().train_loss, same ? "the same" : "DIFFERENT");
  return same;
}

}  // namespace

int main() {
  const int ranks = launched_ranks();
  if (ranks < 1) {
    std::fprintf(stderr, "start this under mpirun\n");
    return 2;
  }
  const std::pair<const char*, FullGraphConfig> cases[] = {
      {"exact", config_of(ModelKind::gcn, {})},
      {"3 bits", config_of(ModelKind::sage, {ExchangePolicy::uniform, 3})},
      {"adaptive", config_of(ModelKind::gcn, {.policy = ExchangePolicy::adaptive, .assign_every = 4})},
      {"pipe", config_of(ModelKind::gcn, {.policy = ExchangePolicy::pipe})},
      {"sancus", config_of(ModelKind::sage, {.policy = ExchangePolicy::sancus, .sancus_bound = 0.3})}};
  try {
    const Dataset dataset = load_dataset("sbm:nodes=400,edges=3000,features=24,classes=5,seed=3");
    std::vector<Trained> under_mpi;
    run_mpi_rank(ranks, 1, [&](Communicator& communicator) {
      for (const auto& [name, config] : cases) {
        under_mpi.push_back(testing::train_rank(dataset, config, communicator));
      }
    });
    if (launched_rank() != 0) return 0;
    bool same = true;
    for (size_t k = 0; k < under_mpi.size(); ++k) {
      same &= agree(cases[k].first, under_mpi[k], testing::train(dataset, cases[k].second, {.ranks = ranks}));
    }
    return same ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rank %d: %s\n", launched_rank(), error.what());
    return 3;
  }
}
