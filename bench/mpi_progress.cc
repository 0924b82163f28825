// Does a message advance while the rank computes? Each of two ranks sends the other a message and computes: one after
// the other, at once, and at once with the messages moved between blocks of computation (ProgressScope). Prints one
// line of JSON.
//   mpirun -np 2 --mca btl tcp,self mpi_progress [MiB] [threads]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "base/timer.h"
#include "comm/collectives.h"
#include "comm/launch.h"

namespace {

using namespace tersegraph;

constexpr int kRepetitions = 15;
constexpr int64_t kRowsPerBlock = 64;
constexpr int kColumns = 256;

/// Some tens of microseconds of arithmetic in the cache.
void compute_block(int64_t begin, int64_t end) {
  thread_local std::vector<float> row(kColumns, 1.0f);
  for (int64_t r = begin; r < end; ++r) {
    for (int pass = 0; pass < 16; ++pass) {
      for (float& value : row) value = value * 0.999f + 0.001f;
    }
  }
}

void compute(int64_t blocks) {
  parallel_blocks(blocks * kRowsPerBlock, kRowsPerBlock, compute_block);
}

class Experiment {
 public:
  Experiment(Communicator& comm, size_t bytes) : channel_(comm), sent_(bytes, std::byte{1}), room_(bytes) {
    exchange([] {});
    messages_ = seconds_of([&] { exchange([] {}); });
    blocks_ = static_cast<int64_t>(std::ceil(256 * messages_ / seconds_of([] { compute(256); })));
  }

  void print() {
    const int64_t blocks = blocks_;
    const double computation = seconds_of([&] { compute(blocks); });
    const double both = seconds_of([&] { exchange([&] { compute(blocks); }); });
    const double moved = seconds_of([&] {
      const ProgressScope scope([&] { channel_.communicator().progress(); });
      exchange([&] { compute(blocks); });
    });
    const auto hidden = [&](double total) {
      return (messages_ + computation - total) / std::min(messages_, computation);
    };
    if (channel_.rank() != 0) return;
    std::printf(
        "{\"bytes\": %zu, \"threads\": %d, \"block_seconds\": %.3g, \"message_seconds\": %.4f, \"compute_seconds\": "
        "%.4f, "
        "\"both_seconds\": %.4f, \"both_with_progress_seconds\": %.4f, \"hidden\": %.3f, \"hidden_with_progress\": "
        "%.3f}\n",
        sent_.size(), thread_count(), computation * thread_count() / static_cast<double>(blocks), messages_,
        computation, both, moved, hidden(both), hidden(moved));
  }

 private:
  double slowest(double seconds) { return all_reduce_max(channel_, Traffic::setup, seconds); }

  void exchange(const std::function<void()>& meanwhile) {
    const int peer = 1 - channel_.rank();
    const auto receive = channel_.receive(peer, kFirstFreeTag, room_);
    const auto send = channel_.send(Traffic::halo_forward, peer, kFirstFreeTag, sent_);
    meanwhile();
    channel_.wait(Traffic::halo_forward, receive);
    channel_.wait(Traffic::halo_forward, send);
  }

  /// The least over the repetitions of the slower rank's time: others may use the machine.
  double seconds_of(const std::function<void()>& step) {
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kRepetitions; ++i) {
      barrier(channel_);
      const Timer timer;
      step();
      least = std::min(least, slowest(timer.seconds()));
    }
    return least;
  }

  Channel channel_;
  std::vector<std::byte> sent_, room_;
  double messages_ = 0;
  int64_t blocks_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const size_t mebibytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 32;
  const int threads = argc > 2 ? std::atoi(argv[2]) : 1;
  try {
    run_mpi_rank(2, threads, [&](Communicator& comm) { Experiment(comm, mebibytes << 20).print(); });
  } catch (const InputError& error) {
    if (launched_rank() == 0) std::fprintf(stderr, "mpi_progress: %s\n", error.what());
    return 2;
  }
}
