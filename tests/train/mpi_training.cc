// Trains under mpirun, on one host and as if on two, then as threads of rank 0's process: losses and weights must agree
// bit for bit.
#include <cstdio>
#include <exception>

#include "comm/forwarding_communicator.h"
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

/// Ranks that say they are on two hosts, in turn.
class OnTwoHosts final : public testing::ForwardingCommunicator {
 public:
  explicit OnTwoHosts(Communicator& inner) : ForwardingCommunicator(inner), hosts_(two_hosts(inner.size())) {}
  const std::vector<int>& host_of() const override { return hosts_; }

  static std::vector<int> two_hosts(int ranks) {
    std::vector<int> hosts;
    for (int rank = 0; rank < ranks; ++rank) hosts.push_back(rank % 2);
    return hosts;
  }

 private:
  std::vector<int> hosts_;
};

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
      {"adaptive", config_of(ModelKind::gcn, {.policy = ExchangePolicy::adaptive, .assign_every = 4, .link = "1gbit,50us"})},
      {"pipe", config_of(ModelKind::gcn, {.policy = ExchangePolicy::pipe})},
      {"sancus", config_of(ModelKind::sage, {.policy = ExchangePolicy::sancus, .sancus_bound = 0.3})}};
  try {
    const Dataset dataset = load_dataset("sbm:nodes=400,edges=3000,features=24,classes=5,seed=3");
    std::vector<Trained> under_mpi, shared;
    run_mpi_rank(ranks, 1, [&](Communicator& communicator) {
      OnTwoHosts sharing(communicator);
      for (const auto& [name, config] : cases) {
        under_mpi.push_back(testing::train_rank(dataset, config, communicator));
        shared.push_back(testing::train_rank(dataset, config, sharing));
      }
    });
    if (launched_rank() != 0) return 0;
    bool same = true;
    for (size_t k = 0; k < under_mpi.size(); ++k) {
      const auto& [name, config] = cases[k];
      same &= agree(name, under_mpi[k], testing::train(dataset, config, {.ranks = ranks}));
      const std::vector<int> hosts = OnTwoHosts::two_hosts(ranks);
      same &= agree(name, shared[k], testing::train(dataset, config, {.ranks = ranks, .hosts = hosts}));
    }
    return same ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rank %d: %s\n", launched_rank(), error.what());
    return 3;
  }
}
