#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "data/dataset.h"
#include "data/formats.h"
#include "data/synthetic.h"
#include "data/validate.h"

namespace tersegraph {
namespace {

Dataset read_any(const NpzReader& npz) {
  if (npz.has("adj_indptr")) {
    return npz.has("adj_shape") && !npz.has("num_nodes") ? read_gnn_benchmark(npz) : read_tersegraph(npz);
  }
  if (npz.has("adj_matrix")) return read_pickled_gnn_benchmark(npz);
  if (npz.has("edges") && npz.has("node_features")) return read_heterophilous(npz);
  std::vector<std::string> names = npz.names();
  names.resize(std::min<size_t>(names.size(), 12));
  fail_input(
      "{}: is in no known format: its arrays are [{}]; known are Tersegraph's (adj_indptr, adj_indices, ...), "
      "gnn-benchmark's (adj_matrix or adj_*) and the heterophilous one (edges, node_features, ...); see docs/data.md",
      npz.path(), fmt::join(names, ", "));
}

std::string stem_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return std::string(path.substr(0, path.rfind('.')));
}

}  // namespace

Dataset load_dataset(const std::string& data) {
  if (is_synthetic(data)) return synthetic_dataset(data);
  Dataset dataset = read_any(NpzReader(data));
  dataset.name = stem_of(data);
  validate(dataset, data);
  return dataset;
}

}  // namespace tersegraph
