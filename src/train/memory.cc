#include "train/memory.h"

#include "nn/gnn_model.h"
#include "train/input_order.h"
#include "train/memory_items.h"

namespace tersegraph {
namespace {

/// This process' copies of feature rows, as they are or aggregated.
int64_t input_bytes(const DatasetShape& dataset, const FullGraphConfig& config, ConvOrder order, double share) {
  const double dense = 4.0 * dataset.nodes * dataset.features * share;
  const double sparse = 16.0 * (dataset.nodes + dataset.feature_entries) * share;
  const double rows = dataset.sparse_features && order != ConvOrder::aggregate_first ? sparse : dense;
  const bool aggregated = order == ConvOrder::aggregated_input, root = config.model.kind == ModelKind::sage;
  const double dropped = config.model.input_dropout > 0 ? rows : 0;
  return static_cast<int64_t>((aggregated ? dense : 0) + (aggregated && !root ? 0 : rows) + dropped);
}

/// Matrices of halo rows: what is sent and received, of every exchange that remembers its rows together with these (of
/// sancus also as they are and as they were sent).
int64_t halo_copies(const FullGraphConfig& config) {
  if (!config.exchange.stale()) return 2;
  return 2 * config.model.layers * (config.exchange.policy == ExchangePolicy::pipe ? 3 : 5);
}

/// What rank 0 holds of all nodes where the rest lies in shards.
int64_t label_bytes(const DatasetShape& dataset) {
  return dataset.nodes * (4 * (dataset.task == Task::multiclass ? 1 : dataset.outputs) + 16);
}

}  // namespace

int64_t MemoryPrediction::total() const {
  int64_t sum = 0;
  for (const Item& item : items) sum += item.bytes;
  return sum;
}

MemoryPrediction predict_memory(const DatasetShape& dataset, const FullGraphConfig& config, int ranks, int ranks_here,
                                int64_t halo_rows, bool sharded) {
  const double share = static_cast<double>(ranks_here) / ranks;
  const ConvOrder order = choose_input_order(
      input_facts(dataset, operator_entries(dataset), config, halo_rows * ranks / ranks_here, ranks), config);
  Parameters parameters;
  const GnnModel model(config.model, dataset.features, dataset.outputs, order, false, parameters);

  const bool symmetric = config.model.kind == ModelKind::gcn && !dataset.directed;
  const auto shard_bytes = static_cast<int64_t>(operator_bytes(dataset) * share * (symmetric ? 1 : 2));
  const int64_t exchange = halo_copies(config) * 4 * halo_rows * model.widest_exchange() + 80 * halo_rows;
  const auto rows = static_cast<int64_t>(dataset.nodes * share);
  const bool sparse = dataset.sparse_features;
  return {{{"program", kProgramBytes},
           {"dataset", sharded ? label_bytes(dataset) : dataset_bytes(dataset)},
           {"aggregation operator", (sharded ? 0 : operator_bytes(dataset)) + shard_bytes},
           {"input rows", input_bytes(dataset, config, order, share)},
           {"activations and gradients", model.activation_bytes(rows, ranks, sparse) +
                                             model.gradient_sum_bytes(rows / ranks_here, sparse) * ranks_here},
           {"messages", exchange},
           {"weights and optimizer", (weight_bytes(parameters.size(), config.optimizer) +
                                      reduce_bytes(parameters.size(), config.reduce_bits, ranks)) *
                                         ranks_here}}};
}

}  // namespace tersegraph
