#include "train/memory.h"

#include <algorithm>
#include <cmath>

#include "nn/gnn_model.h"
#include "train/epoch_loop.h"
#include "train/input_features.h"
#include "train/input_order.h"
#include "train/memory_items.h"

namespace tersegraph {
namespace {

/// Bytes of this process' rows of X and of A X as they are multiplied, and of X as it travels.
struct InputBytes {
  double rows = 0, aggregated = 0, sent = 0;
};
InputBytes input_bytes(const DatasetShape& dataset, double share) {
  const double nodes = dataset.nodes * share, dense = 4.0 * nodes * dataset.features;
  if (!dataset.sparse_features) return {dense, dense, dense};
  const auto sparse = [&](double filled) { return 8.0 * nodes * (1 + filled * dataset.features); };
  const double filled = static_cast<double>(dataset.feature_entries) / (dataset.nodes * dataset.features);
  const double sums = 1 - std::pow(1 - filled, static_cast<double>(operator_entries(dataset)) / dataset.nodes);
  // Those that are multiplied with their transposes.
  return {stays_sparse(dataset) ? 2 * sparse(filled) : dense, sums <= kSparseDensity ? 2 * sparse(sums) : dense,
          sparse(filled)};
}

/// What is kept of them for the epochs.
int64_t kept_input_bytes(const DatasetShape& dataset, const FullGraphConfig& config, ConvOrder order, double share) {
  const InputBytes bytes = input_bytes(dataset, share);
  const double rows = order == ConvOrder::aggregate_first ? 4.0 * dataset.nodes * share * dataset.features : bytes.rows;
  const bool aggregated = order == ConvOrder::aggregated_input, root = config.model.kind == ModelKind::sage;
  const double dropped = config.model.input_dropout > 0 ? rows : 0;
  return static_cast<int64_t>((aggregated ? bytes.aggregated : 0) + (aggregated && !root ? 0 : rows) + dropped);
}

/// What is on the way and in place while A X is made, once.
int64_t aggregating_bytes(const DatasetShape& dataset, ConvOrder order, const ProcessPart& part) {
  if (order != ConvOrder::aggregated_input) return 0;
  const InputBytes bytes = input_bytes(dataset, part.share());
  const double a_row = bytes.sent / (dataset.nodes * part.share());
  return static_cast<int64_t>(bytes.sent + bytes.aggregated + 2 * a_row * part.halo_rows);
}

/// The part of the nodes whose output a training epoch computes, by layer and at the end of the last one: those of
/// which training nodes depend, if neighbours fall by chance.
std::vector<double> computed_shares(const DatasetShape& dataset, int64_t training, int64_t layers) {
  const double neighbours = static_cast<double>(operator_entries(dataset)) / dataset.nodes;
  std::vector<double> shares(layers + 1, static_cast<double>(training) / dataset.nodes);
  for (int64_t l = layers - 1; l >= 0; --l) {
    const double share = 1 - std::pow(1 - shares[l + 1], neighbours);
    shares[l] = dataset.nodes * (1 - share) < 1 ? 1 : share;
  }
  return shares;
}

/// The local rows of A and its part in the plans: of all rows, and again of those that a layer computes.
int64_t shard_bytes(const DatasetShape& dataset, const FullGraphConfig& config, int64_t training,
                    const ProcessPart& part) {
  const bool symmetric = config.model.kind == ModelKind::gcn && !dataset.directed;
  const double own = operator_bytes(dataset) * part.share(), cut = 8.0 * part.cut_edges;
  // A plan and the one back: every cut edge is an entry of either, and every row one of each besides its ids; and both
  // have a row for every node.
  const double plans = part.ranks > 1 ? 2 * cut + 56.0 * part.halo_rows + 16.0 * dataset.nodes * part.share() : 0;
  double bytes = own + (symmetric ? 0 : own - cut) + plans;
  double last = 1;
  const std::vector<double> shares = computed_shares(dataset, training, config.model.layers);
  for (int64_t l = config.model.layers - 1; l >= 0; --l) {
    if (shares[l + 1] == 1) break;
    bytes += (own - cut) * shares[l + 1];
    if (shares[l + 1] != last) bytes += plans * shares[l + 1];
    last = shares[l + 1];
  }
  return static_cast<int64_t>(bytes);
}

/// Matrices of halo rows: what is sent and received, of every exchange that remembers its rows together with these (of
/// sancus also as they are and as they were sent).
int64_t halo_copies(const FullGraphConfig& config) {
  if (!config.exchange.stale()) return 2;
  return 2 * config.model.layers * (config.exchange.policy == ExchangePolicy::pipe ? 3 : 5);
}

/// What the ranks of a host share, which all of it see: two exchanges' messages from other hosts, or what goes there
/// before it is summed. Some rows have several readers, and some come from mates: about one halo of each rank.
int64_t shared_copies(const FullGraphConfig& config, const ProcessPart& part) {
  const bool shares = part.mates > 1 && part.mates < part.ranks && config.exchange.sharing() != IntraHost::same;
  return shares ? part.mates : 0;
}

/// Memory that cutting shards and plans takes and frees, and the allocator keeps: measured, as a part of what is held.
constexpr double kFreedShare = 0.06;

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

MemoryPrediction predict_memory(const DatasetShape& dataset, int64_t training, const FullGraphConfig& config,
                                const ProcessPart& part) {
  const int ranks = part.ranks, ranks_here = part.ranks_here;
  const ConvOrder order = choose_input_order(
      input_facts(dataset, operator_entries(dataset), config, part.halo_rows * ranks / ranks_here, ranks), config);
  Parameters parameters;
  const GnnModel model(config.model, dataset.features, dataset.outputs, order, false, parameters);

  const auto rows = static_cast<int64_t>(dataset.nodes * part.share());
  const bool sparse = stays_sparse(dataset);
  const int64_t input = kept_input_bytes(dataset, config, order, part.share());
  const int64_t activations =
      model.activation_bytes(rows, ranks, sparse) + model.gradient_sum_bytes(rows / ranks_here, sparse) * ranks_here;
  const int64_t copies = halo_copies(config) + shared_copies(config, part);
  const int64_t messages = (copies * 4 * model.widest_exchange() + 80) * part.halo_rows;
  const int64_t begins = aggregating_bytes(dataset, order, part);
  const int64_t told = EpochLoop::told_columns(config.gather_outputs, dataset.task, dataset.outputs);
  MemoryPrediction prediction{
      {{"program", program_bytes(part)},
       {"dataset", part.sharded ? label_bytes(dataset) : dataset_bytes(dataset)},
       {"aggregation operator",
        (part.sharded ? 0 : operator_bytes(dataset)) + shard_bytes(dataset, config, training, part)},
       {"input rows", input},
       {"activations and gradients", activations},
       {"messages", messages},
       {"outputs", ranks > 1 ? 4 * dataset.nodes * told : 0},
       {"weights and optimizer", (weight_bytes(parameters.size(), config.optimizer) +
                                  reduce_bytes(parameters.size(), config.reduce_bits, ranks)) *
                                     ranks_here},
       {"input while aggregated", std::max<int64_t>(0, begins - input - activations - messages)}}};
  if (ranks > 1) {
    const int64_t data = prediction.total() - program_bytes(part);
    prediction.items.push_back({"freed while set up", static_cast<int64_t>(kFreedShare * static_cast<double>(data))});
  }
  return prediction;
}

}  // namespace tersegraph
