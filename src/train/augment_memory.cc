#include "train/augment_memory.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "train/memory_items.h"

namespace tersegraph {
namespace {

/// Facts of the augmented features, with guesses of how far they fill up: neighbours have the entries of a column as if
/// by chance, as often as all nodes have them.
class HopSizes {
 public:
  HopSizes(const Dataset& dataset, const Split& split, const AugmentConfig& config)
      : config_(config),
        nodes_(static_cast<double>(dataset.nodes())),
        training_(static_cast<double>(split.train.size())),
        neighbours_(static_cast<double>(operator_entries(shape_of(dataset))) / nodes_),
        cols_(static_cast<double>(dataset.features.cols())) {
    const Features& x = dataset.features;
    if (!x.is_sparse) return;
    filled_.resize(static_cast<size_t>(x.sparse.cols));
    for (const int32_t column : x.sparse.indices) filled_[column] += 1.0 / nodes_;
  }

  /// Of `rows` rows of A^k H.
  double bytes(double rows, int k) const {
    const double dense = 4.0 * rows * cols_, met = std::pow(neighbours_, k);
    if (filled_.empty()) return dense;
    double entries = 0.0;
    for (const double filled : filled_) entries += 1.0 - std::pow(std::max(0.0, 1.0 - filled), met);
    return std::min(8.0 * rows * (1.0 + entries), dense);
  }

  /// Of X's rows of the training nodes.
  double training_bytes() const {
    if (config_.last_hop_only) return bytes(training_, config_.hops);
    double sum = 0.0;
    for (int k = 0; k <= config_.hops; ++k) sum += bytes(training_, k);
    return std::min(sum, 4.0 * training_ * cols_ * (config_.hops + 1));
  }
  bool training_sparse() const {
    const int hops = config_.last_hop_only ? 1 : config_.hops + 1;
    return training_bytes() < 4.0 * training_ * cols_ * hops;
  }

  /// The rows of two hops, of those that the training nodes depend on, and `copies` of `halo` rows of the first, where
  /// they are largest.
  double while_computed(double halo, int copies) const {
    double most = 0.0;
    for (int k = 0; k < config_.hops; ++k) {
      most = std::max(most, bytes(needed(k), k) + bytes(needed(k + 1), k + 1) + copies * bytes(halo, k));
    }
    return most;
  }

 private:
  double needed(int k) const { return std::min(nodes_, training_ * std::pow(neighbours_, config_.hops - k)); }

  AugmentConfig config_;
  double nodes_, training_, neighbours_, cols_;
  std::vector<double> filled_;  ///< by column: the share of nodes that have an entry; empty: X is dense
};

/// X's rows with what an epoch makes of them: a transpose of sparse ones, what input dropout leaves.
double input_bytes(const HopSizes& hops, float dropout) {
  const double rows = hops.training_bytes();
  if (!hops.training_sparse()) return rows * (dropout > 0 ? 2 : 1);
  return rows * (dropout > 0 ? 3 : 2);
}

}  // namespace

AugmentMemory augment_memory(const Dataset& dataset, const Split& split, const AugmentConfig& config, float dropout,
                             const ProcessPart& part) {
  const HopSizes hops(dataset, split, config);
  const double share = part.share();
  const int copies = part.ranks_here > 1 ? 3 : 2;  // out, in, and between threads on the way
  // The shard, and with several ranks its rows in the order of global ids.
  const double shards = operator_bytes(shape_of(dataset)) * share * (part.ranks > 1 ? 2 : 1);
  return {.items = {{"program", program_bytes(part)},
                    {"dataset", dataset_bytes(shape_of(dataset))},
                    {"aggregation operator", operator_bytes(shape_of(dataset)) + static_cast<int64_t>(shards)},
                    {"features", static_cast<int64_t>(hops.bytes(static_cast<double>(dataset.nodes()), 0) * share)},
                    {"training rows", static_cast<int64_t>(input_bytes(hops, dropout) * share)}},
          .computing =
              static_cast<int64_t>(hops.while_computed(static_cast<double>(part.halo_rows) / share, copies) * share),
          .training_sparse = hops.training_sparse()};
}

}  // namespace tersegraph
