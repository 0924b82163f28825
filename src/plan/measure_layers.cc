#include <algorithm>
#include <cmath>
#include <map>

#include "admm/layer_pipeline.h"
#include "admm/partition.h"
#include "admm/z_last_update.h"
#include "base/rng.h"
#include "base/timer.h"
#include "comm/launch.h"
#include "plan/calibrate.h"
#include "plan/measuring.h"

namespace tersegraph {
namespace {

constexpr int64_t kClasses = 8;
constexpr int kFewLayers = 3, kMoreLayers = 5;
constexpr double kMostWork = 1.2e9;  ///< neurons^2 columns that are measured
constexpr double kLong = 0.03;       ///< seconds that few tries may last
constexpr int kFewTries = 2, kTries = 100;

/// The least seconds by phase of an iteration on random columns.
PhaseSeconds iteration_seconds(int64_t neurons, int64_t columns, int layers, Quantize quantize) {
  Matrix x(columns, neurons);
  Random random(1, Purpose::features);
  for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.normal() / std::sqrt(neurons));
  const std::vector<int32_t> labels(static_cast<size_t>(columns), 1);
  const AdmmInput input = {x, labels.data(), columns, neurons, kClasses};
  PhaseSeconds least;
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    AdmmConfig config;
    config.neurons = static_cast<int>(neurons);
    config.quantize = quantize;
    config.grid = GridKind::delta;
    LayerPipeline pipeline(config, input, channel);
    pipeline.grow(layers);
    PhaseSeconds first;
    pipeline.iterate(first);
    const Timer timer;
    for (int i = 0; i < kFewTries || (i < kTries && timer.seconds() < kLong); ++i) {
      PhaseSeconds seconds;
      pipeline.iterate(seconds);
      {
        const PhaseTimer of_terms(seconds, "terms");
        pipeline.terms();
      }
      for (const auto& [phase, took] : seconds) {
        const auto [known, added] = least.emplace(phase, took);
        if (!added) known->second = std::min(known->second, took);
      }
    }
  });
  return least;
}

/// What one hidden layer more takes, by phase.
PhaseSeconds layer_seconds(int64_t neurons, int64_t columns, Quantize quantize) {
  PhaseSeconds more = iteration_seconds(neurons, columns, kMoreLayers, quantize);
  const PhaseSeconds few = iteration_seconds(neurons, columns, kFewLayers, quantize);
  for (auto& [phase, took] : more) took = std::max(took - few.at(phase), 1e-9) / (kMoreLayers - kFewLayers);
  return more;
}

/// Seconds a value of z_L, from where iterations before have brought it.
double last_z_seconds() {
  constexpr int64_t kColumns = 8192, kOutputs = 16;
  Matrix h(kColumns, kOutputs), z(kColumns, kOutputs);
  Random random(2, Purpose::features);
  for (int64_t i = 0; i < h.size(); ++i) z.data()[i] = h.data()[i] = static_cast<float>(random.normal());
  const std::vector<int32_t> labels(kColumns, 1);
  const auto solve = [&] { solve_last_z(Risk::cross_entropy, h, labels.data(), 3e-3f, z); };
  solve();
  const double start = processor_seconds();
  solve();
  return (processor_seconds() - start) / static_cast<double>(h.size());
}

}  // namespace

/// Where that would take long, as for fewer columns: wide layers compute more for every number that they read, so
/// memory decides less.
void measure_layers(Rates& rates) {
  rates.numbers["admm.last"] = last_z_seconds();
  const RateTable empty{.x = {64, 100, 256, 1024}, .y = {128, 256, 512, 1024, 8192, 65536}, .seconds = {}};
  const char* const names[] = {"admm.p", "admm.w_z", "admm.q_u", "admm.round", "admm.terms"};
  for (const char* name : names) rates.tables[name] = empty;
  for (const double neurons : empty.x) {
    for (const double columns : empty.y) {
      if (neurons * neurons * columns > kMostWork) {
        for (const char* name : names) rates.tables[name].seconds.push_back(rates.tables[name].seconds.back());
        continue;
      }
      const auto n = static_cast<int64_t>(neurons), m = static_cast<int64_t>(columns);
      const PhaseSeconds exact = layer_seconds(n, m, Quantize::none), rounded = layer_seconds(n, m, Quantize::pq);
      const LayerCost cost = layer_cost(m, {n, n}, Quantize::none);
      const double values = neurons * columns;
      const double rounding = rounded.at("p") - exact.at("p") + rounded.at("q_u") - exact.at("q_u");
      rates.tables["admm.p"].seconds.push_back(exact.at("p") / (cost.prepare_p + cost.solve_p));
      rates.tables["admm.w_z"].seconds.push_back(exact.at("w_z") / cost.weights);
      rates.tables["admm.q_u"].seconds.push_back(exact.at("q_u") / values);
      rates.tables["admm.terms"].seconds.push_back(exact.at("terms") / values);
      rates.tables["admm.round"].seconds.push_back(std::max(rounding / 2, 1e-9) / values);
    }
  }
}

}  // namespace tersegraph
