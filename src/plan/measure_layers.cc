#include <algorithm>
#include <cmath>
#include <ctime>

#include "admm/layer_pipeline.h"
#include "admm/partition.h"
#include "base/rng.h"
#include "comm/launch.h"
#include "plan/calibrate.h"

namespace tersegraph {
namespace {

constexpr int64_t kClasses = 8;
constexpr int kFewLayers = 3, kMoreLayers = 5, kTries = 3;

/// The best processor seconds of an iteration on random columns.
double iteration_seconds(int64_t neurons, int64_t columns, int layers) {
  Matrix x(columns, neurons);
  Random random(1, Purpose::features);
  for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.normal() / std::sqrt(neurons));
  const std::vector<int32_t> labels(static_cast<size_t>(columns), 1);
  const AdmmInput input = {x, labels.data(), columns, neurons, kClasses};
  double least = 1e9;
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    AdmmConfig config;
    config.neurons = static_cast<int>(neurons);
    LayerPipeline pipeline(config, input, channel);
    pipeline.grow(layers);
    PhaseSeconds seconds;
    pipeline.iterate(seconds);
    for (int i = 0; i < kTries; ++i) {
      const double start = processor_seconds();
      pipeline.iterate(seconds);
      least = std::min(least, processor_seconds() - start);
    }
  });
  return least;
}

}  // namespace

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// What one hidden layer more takes.
RateTable measure_layers() {
  RateTable table{.x = {64, 256, 1024}, .y = {128, 1024}, .seconds = {}};
  for (const double neurons : table.x) {
    for (const double columns : table.y) {
      const auto n = static_cast<int64_t>(neurons), m = static_cast<int64_t>(columns);
      const double more = iteration_seconds(n, m, kMoreLayers) - iteration_seconds(n, m, kFewLayers);
      table.seconds.push_back(std::max(more, 1e-9) / (kMoreLayers - kFewLayers) / layer_cost(m, n, n, false));
    }
  }
  return table;
}

}  // namespace tersegraph
