#include "plan/layer_plan.h"

#include <algorithm>
#include <numeric>

#include "admm/grid.h"
#include "admm/objective.h"
#include "admm/partition.h"
#include "comm/channel.h"
#include "comm/collectives.h"
#include "plan/pipeline_simulation.h"
#include "train/epoch_loop.h"

namespace tersegraph {
namespace {

std::vector<LayerShape> shapes(const AdmmConfig& config, const LayerSizes& sizes) {
  std::vector<LayerShape> layers;
  for (int l = 0, count = config.stages.back(); l < count; ++l) {
    const bool first = l == 0, last = l + 1 == count;
    layers.push_back({first ? sizes.inputs : config.neurons, last ? sizes.classes : config.neurons, first, last});
  }
  return layers;
}

/// Seconds of a layer on one thread, by the parts of LayerPipeline.
PipelineRank layer_work(const LayerShape& layer, const AdmmConfig& config, int64_t columns, const Rates& rates) {
  const LayerCost cost = layer_cost(columns, layer, config.quantize);
  const auto rate = [&](const char* table) {
    return rates.at(table, static_cast<double>(std::min(layer.in, layer.out)), static_cast<double>(columns));
  };
  const double values = static_cast<double>(columns) * config.neurons, rounding = values * rate("admm.round");
  PipelineRank work{.prepare = rate("admm.p") * cost.prepare_p,
                    .solve = rate("admm.p") * cost.solve_p,
                    .weights = rate("admm.w_z") * cost.weights,
                    .finish = layer.last ? 0 : values * rate("admm.q_u"),
                    .terms = values * rate("admm.terms")};
  if (layer.last) work.weights += rates.number("admm.last") * static_cast<double>(columns * layer.out);
  if (!layer.first && config.quantize != Quantize::none) work.solve += rounding;
  if (!layer.last && config.quantize == Quantize::pq) work.finish += rounding;
  return work;
}

/// A rank's layers: p of those above its lowest needs nothing of the rank below.
PipelineRank rank_work(std::span<const PipelineRank> layers, double scale) {
  PipelineRank work;
  for (size_t k = 0; k < layers.size(); ++k) {
    work.prepare += layers[k].prepare + (k > 0 ? layers[k].solve : 0.0);
    work.weights += layers[k].weights;
    work.finish += layers[k].finish;
    work.terms += layers[k].terms;
  }
  if (!layers.empty()) work.solve = layers[0].solve;
  for (double* seconds : {&work.prepare, &work.solve, &work.weights, &work.finish, &work.terms}) *seconds *= scale;
  return work;
}

int64_t message_bytes(const Grid& grid, const AdmmConfig& config, const LayerSizes& sizes) {
  return grid.encoded_bytes(0, sizes.columns, config.neurons) + kSealBytes;
}

}  // namespace

LayerTraffic layer_traffic(const AdmmConfig& config, const LayerSizes& sizes) {
  const Grid p(config, false), q(config, true);
  LayerTraffic traffic;
  if (sizes.ranks == 1) return traffic;
  for (size_t stage = 0; stage < config.stages.size(); ++stage) {
    const int64_t links = std::min(sizes.ranks, config.stages[stage]) - 1;
    const auto terms = static_cast<int64_t>(config.stages[stage]) * LayerTerms::kCount;
    of(traffic.epoch, Traffic::p) = links * message_bytes(p, config, sizes);
    of(traffic.epoch, Traffic::q) = links * message_bytes(q, config, sizes);
    of(traffic.epoch, Traffic::all_reduce) = 0;
    for (int r = 0; r < sizes.ranks; ++r) {
      of(traffic.epoch, Traffic::all_reduce) +=
          all_reduce_bytes(terms, sizeof(double), r, sizes.ranks) + EpochLoop::record_bytes(sizes.ranks);
    }
    for (int kind = 0; kind < kTrafficKinds; ++kind) {
      traffic.run[kind] += config.iterations[stage] * traffic.epoch[kind];
    }
    of(traffic.run, Traffic::p) += links * message_bytes(p.of_start(), config, sizes);
  }
  return traffic;
}

LayerSeconds layer_seconds(const AdmmConfig& config, const LayerSizes& sizes, const LayerPlace& place,
                           const Rates& rates) {
  std::vector<PipelineRank> layers;
  std::vector<double> costs;
  for (const LayerShape& layer : shapes(config, sizes)) {
    layers.push_back(layer_work(layer, config, sizes.columns, rates));
    costs.push_back(layer_cost(sizes.columns, layer, config.quantize).total());
  }
  const std::vector<int> begin = balance_layers(costs, sizes.ranks);
  const int threads = place.threads;
  const double active = threads * (place.one_machine ? std::min(sizes.ranks, config.stages.back()) : 1);
  const bool takes_turns = place.one_process && active > rates.cores;
  const double at_once = takes_turns ? std::max(threads, rates.cores) : active;
  const double scale = 1 / (threads * rates.share("gemm", at_once));
  std::vector<PipelineRank> ranks;
  LayerSeconds result;
  double all = 0;
  for (int r = 0; r < sizes.ranks; ++r) {
    const PipelineRank work = rank_work(std::span(layers).subspan(begin[r], begin[r + 1] - begin[r]), scale);
    if (begin[r] == begin[r + 1]) continue;
    ranks.push_back(work);
    const double own = work.prepare + work.solve + work.weights + work.finish + work.terms;
    result.balanced = std::max(result.balanced, own);
    all += own / scale;
  }
  const Grid p(config, false), q(config, true);
  const auto p_bytes = static_cast<double>(message_bytes(p, config, sizes));
  const auto q_bytes = static_cast<double>(message_bytes(q, config, sizes));
  const SimulatedPipeline pipeline = simulate_pipeline(ranks, p_bytes, q_bytes, place.link);
  const auto count = static_cast<double>(ranks.size());
  for (const PipelineRank& work : ranks) {
    result.phases["p"] += (work.prepare + work.solve) / count;
    result.phases["w_z"] += work.weights / count;
    result.phases["q_u"] += work.finish / count;
    result.phases["terms"] += work.terms / count;
  }
  result.phases["wait"] = std::accumulate(pipeline.waiting.begin(), pipeline.waiting.end(), 0.0) / count;
  result.iteration = pipeline.iteration;
  const double crowded = takes_turns ? all / rates.number("speedup.gemm") : 0;
  if (crowded > result.iteration) {
    result.phases["wait"] += crowded - result.iteration;
    result.iteration = crowded;
  }
  result.balanced = std::max(result.balanced, crowded);
  return result;
}

}  // namespace tersegraph
