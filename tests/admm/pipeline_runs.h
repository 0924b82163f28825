#pragma once

#include <algorithm>
#include <functional>
#include <mutex>
#include <vector>

#include "admm/layer_pipeline.h"
#include "admm/random_layer.h"
#include "comm/launch.h"

namespace tersegraph::testing {

/// Columns of three classes around three centres.
struct Columns {
  explicit Columns(int64_t columns = 40, int64_t inputs = 12) : x(random_matrix(columns, inputs, 7, 0.4)) {
    for (int64_t i = 0; i < columns; ++i) {
      labels.push_back(static_cast<int32_t>(i % 3));
      x(i, i % 3) += 1.5f;
    }
  }
  /// What a shard of them is given.
  AdmmInput input(int shard = 0, int shards = 1) const {
    const int64_t begin = ColumnShards::begin(x.rows(), shard, shards);
    return {{x.row(begin), ColumnShards::size(x.rows(), shard, shards), x.cols()},
            labels.data() + begin,
            x.rows(),
            x.cols(),
            3};
  }

  Matrix x;
  std::vector<int32_t> labels;
};

using PipelineBody = std::function<void(LayerPipeline&, Channel&)>;

inline void on_axes(const AdmmConfig& config, const Columns& columns, int layer_ranks, int node_ranks, int threads,
                    const PipelineBody& body) {
  run_thread_ranks(layer_ranks * node_ranks, threads, [&](Communicator& communicator) {
    Channel channel(communicator);
    const AdmmInput input = columns.input(channel.rank() % node_ranks, node_ranks);
    LayerPipeline pipeline(config, input, channel, node_ranks);
    body(pipeline, channel);
  });
}

inline double lagrangian(LayerPipeline& pipeline, double rho) {
  return sum_terms(pipeline.terms(), rho).lagrangian;
}

/// What a run of all stages leaves behind.
struct Trace {
  std::vector<double> lagrangians;
  std::vector<float> weights;  ///< W and b of all layers
  int64_t p = 0, q = 0;        ///< bytes, all ranks
};

inline Trace trace_of(const AdmmConfig& config, const Columns& columns, int layer_ranks, int node_ranks,
                      int threads = 1) {
  Trace trace;
  std::mutex mutex;
  on_axes(config, columns, layer_ranks, node_ranks, threads, [&](LayerPipeline& pipeline, Channel& channel) {
    PhaseSeconds seconds;
    std::vector<double> lagrangians;
    for (size_t stage = 0; stage < config.stages.size(); ++stage) {
      pipeline.grow(config.stages[stage]);
      for (int i = 0; i < config.iterations[stage]; ++i) {
        pipeline.iterate(seconds);
        lagrangians.push_back(lagrangian(pipeline, config.rho));
      }
    }
    pipeline.settle();
    Mlp mlp;
    pipeline.gather_weights(mlp);
    const std::lock_guard lock(mutex);
    trace.p += channel.ledger().bytes(Traffic::p);
    trace.q += channel.ledger().bytes(Traffic::q);
    if (channel.rank() != 0) return;
    trace.lagrangians = lagrangians;
    for (const auto* list : {&mlp.w, &mlp.b}) {
      for (const Matrix& x : *list) std::ranges::copy(std::span(x.data(), x.size()), std::back_inserter(trace.weights));
    }
  });
  return trace;
}

}  // namespace tersegraph::testing
