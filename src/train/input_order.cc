#include "train/input_order.h"

#include <algorithm>
#include <cmath>

namespace tersegraph {
namespace {

// Rates of one rank, rounded from measurements on two cores. Only their proportions matter here.
constexpr double kGemmFlops = 300e9;
constexpr double kSparseBytes = 30e9;  ///< gathered rows, mostly from cache
constexpr double kLinkBytes = 1.25e9;

/// One product forward and one for the weight gradient.
double dense_seconds(double rows, double in, double out) {
  return 2 * 2 * rows * in * out / kGemmFlops;
}
double sparse_seconds(double entries, double out) {
  return 2 * entries * out * 4 / kSparseBytes;
}

/// Entries of A X when entries of X are spread evenly over the columns.
double aggregated_entries(const InputFacts& f) {
  const double n = static_cast<double>(f.nodes), width = static_cast<double>(f.features);
  const double density = static_cast<double>(f.feature_entries) / std::max(1.0, n * width);
  const double neighbours = static_cast<double>(f.operator_entries) / std::max(1.0, n);
  return n * width * (1 - std::pow(1 - std::min(density, 1.0), neighbours));
}

double cached_seconds(const InputFacts& f) {
  const double dense = dense_seconds(f.nodes, f.features, f.width);
  return f.sparse ? std::min(dense, sparse_seconds(aggregated_entries(f), f.width)) : dense;
}

double transform_first_seconds(const InputFacts& f) {
  const double dense = dense_seconds(f.nodes, f.features, f.width);
  const double transform = f.sparse ? std::min(dense, sparse_seconds(f.feature_entries, f.width)) : dense;
  const double aggregate = sparse_seconds(f.operator_entries, f.width);
  const double message = 2.0 * f.halo_rows / f.ranks * f.width * f.bits / 8 / kLinkBytes;
  return (transform + aggregate) / f.ranks + message;
}

}  // namespace

InputFacts input_facts(const DatasetShape& dataset, int64_t operator_entries, const FullGraphConfig& config,
                       int64_t halo_rows, int ranks) {
  return {.nodes = dataset.nodes,
          .operator_entries = operator_entries,
          .features = dataset.features,
          .feature_entries = dataset.feature_entries,
          .sparse = dataset.sparse_features,
          .width = config.model.layers == 1 ? dataset.outputs : config.model.hidden,
          .halo_rows = halo_rows,
          .ranks = ranks,
          .bits = config.exchange.halo_bits()};
}

ConvOrder choose_input_order(const InputFacts& facts, const FullGraphConfig& config) {
  const bool constant = config.model.input_dropout == 0.0f;
  if (config.layer0_cache && constant) {
    const bool fits = facts.features <= 8 * std::max(facts.width, config.model.hidden);
    const bool cheaper = cached_seconds(facts) / facts.ranks <= transform_first_seconds(facts);
    if (config.model.aggregate_first || (fits && cheaper)) return ConvOrder::aggregated_input;
    return ConvOrder::transform_first;
  }
  const bool narrower = facts.width < facts.features || facts.sparse;
  return narrower && !config.model.aggregate_first ? ConvOrder::transform_first : ConvOrder::aggregate_first;
}

}  // namespace tersegraph
