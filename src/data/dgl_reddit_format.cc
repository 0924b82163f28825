#include <filesystem>

#include "base/error.h"
#include "data/assemble.h"
#include "data/formats.h"
#include "data/scipy_sparse.h"

namespace tersegraph {

Dataset read_dgl_reddit(const std::string& folder) {
  const std::string loops = folder + "/reddit_self_loop_graph.npz";
  Dataset dataset;
  dataset.graph = read_scipy_graph(NpzReader(std::filesystem::exists(loops) ? loops : folder + "/reddit_graph.npz"));
  const int64_t nodes = dataset.nodes();
  const NpzReader npz(folder + "/reddit_data.npz");
  dataset.features = dense_features(npz.read("feature"));
  dataset.labels = make_labels(npz.read("label"), nodes, std::nullopt);
  const OwnedArray types = npz.read("node_types");
  const std::vector<int64_t> sets = to_vector<int64_t>(types);
  if (static_cast<int64_t>(sets.size()) != nodes) {
    fail_input("{}: has shape {} where ({},) is needed", types.what, types.shape_words(), nodes);
  }
  Split split;
  for (int64_t v = 0; v < nodes; ++v) {
    if (sets[v] < 1 || sets[v] > 3) {
      fail_input("{}: node {} is {}; 1 is training, 2 validation, 3 test", types.what, v, sets[v]);
    }
    (sets[v] == 1 ? split.train : sets[v] == 2 ? split.val : split.test).push_back(v);
  }
  dataset.splits = {std::move(split)};
  return dataset;
}

}  // namespace tersegraph
