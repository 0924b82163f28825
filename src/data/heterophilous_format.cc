#include "base/error.h"
#include "data/assemble.h"
#include "data/formats.h"

namespace tersegraph {
namespace {

Graph read_edges(const OwnedArray& array, int64_t nodes) {
  if (array.dimensions() != 2 || array.shape[1] != 2) {
    fail_input("{}: has shape {} where (edges, 2) is needed", array.what, array.shape_words());
  }
  const std::vector<int64_t> ends = to_vector<int64_t>(array);
  std::vector<Edge> edges(ends.size() / 2);
  for (size_t e = 0; e < edges.size(); ++e) {
    edges[e] = {ends[2 * e], ends[2 * e + 1]};
    for (const int64_t v : {edges[e].first, edges[e].second}) {
      if (v < 0 || v >= nodes) fail_input("{}: edge {} has node {}, outside 0..{}", array.what, e, v, nodes - 1);
    }
  }
  return build_graph(nodes, edges, {}, {.symmetrise = true, .remove_self_loops = true});
}

}  // namespace

Dataset read_heterophilous(const NpzReader& npz) {
  Dataset dataset;
  dataset.features = dense_features(npz.read("node_features"));
  const int64_t nodes = dataset.features.rows();
  dataset.graph = read_edges(npz.read("edges"), nodes);
  if (const auto labels = npz.read_if_there("node_labels")) {
    dataset.labels = make_labels(*labels, nodes, std::nullopt);
  }
  if (npz.has("train_masks")) {
    const OwnedArray val = npz.read("val_masks"), test = npz.read("test_masks");
    dataset.splits = make_splits(npz.read("train_masks"), &val, &test, nodes);
  }
  return dataset;
}

}  // namespace tersegraph
