#include <algorithm>
#include <filesystem>
#include <limits>

#include "data/assemble.h"
#include "data/edge_text.h"
#include "data/formats.h"
#include "data/memory_limit.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

std::string needed(const std::string& path) {
  const std::string found = plain_or_gzipped(path);
  if (found.empty()) fail_input("{}.gz: is missing from the OGB folder; fetch the dataset again", path);
  return found;
}

int64_t read_count(const std::string& path, int64_t most) {
  TextReader text(needed(path));
  if (!text.next_content()) text.fail("must hold the count");
  const int64_t count = text.integer();
  if (count < 0 || count > most) text.fail("states {}, outside 0..{}", count, most);
  text.expect_end();
  if (text.next_content()) text.fail("holds the count of a second graph; node properties of one graph are read");
  return count;
}

/// One line a node, as many numbers in each.
Matrix read_rows(const std::string& path, int64_t nodes, bool allow_nan) {
  TextReader text(path);
  Matrix rows;
  for (int64_t v = 0; v < nodes; ++v) {
    if (!text.next_content()) text.fail("is missing: there are {} nodes, and {} lines", nodes, v);
    if (v == 0) {
      int64_t columns = 0;
      while (!text.word().empty()) ++columns;
      text.rewind_line();
      // A number takes a character, and so does what parts it from the next.
      const uint64_t numbers = static_cast<uint64_t>(nodes) * static_cast<uint64_t>(columns);
      if (numbers > text.most_characters())
        text.fail("has {} numbers; for {} nodes the file is too short", columns, nodes);
      check_fits_in_memory(numbers * sizeof(float), path);
      rows.reshape(nodes, columns);
    }
    for (int64_t j = 0; j < rows.cols(); ++j) rows(v, j) = allow_nan ? text.real() : text.finite();
    text.expect_end();
  }
  if (text.next_content()) text.fail("comes after those of all {} nodes", nodes);
  return rows;
}

void read_csv(const std::string& raw, Dataset& dataset) {
  const int64_t nodes = read_count(raw + "num-node-list.csv", std::numeric_limits<int32_t>::max());
  const int64_t edges = read_count(raw + "num-edge-list.csv", std::numeric_limits<int64_t>::max());
  EdgeText list;
  TextReader text(needed(raw + "edge.csv"));
  while (text.next_content()) list.add_line(text, nodes);
  if (std::ssize(list.edges) != edges) {
    fail_input("{}: holds {} edges, and num-edge-list.csv says {}", text.path(), list.edges.size(), edges);
  }
  check_stated_nodes(nodes, edges, text.path());
  dataset.graph = graph_of_edges(nodes, list.edges, list.weights, EdgeDirection::symmetrise);
  if (const std::string path = plain_or_gzipped(raw + "node-feat.csv"); !path.empty()) {
    dataset.features.dense = read_rows(path, nodes, false);
  }
  if (const std::string path = plain_or_gzipped(raw + "node-label.csv"); !path.empty()) {
    dataset.labels = labels_of_numbers(read_rows(path, nodes, true), path);
  }
}

void read_binary(const std::string& raw, Dataset& dataset) {
  const NpzReader npz(raw + "data.npz");
  const int64_t nodes = to_integer(npz.read("num_nodes_list"));
  const OwnedArray edge_index = npz.read("edge_index");
  if (const auto edges = npz.read_if_there("num_edges_list")) {
    if (edge_index.dimensions() == 2 && to_integer(*edges) != edge_index.shape[1]) {
      fail_input("{}: holds {} edges, and num_edges_list says {}", edge_index.what, edge_index.shape[1],
                 to_integer(*edges));
    }
  }
  if (nodes < 1 || nodes > std::numeric_limits<int32_t>::max()) {
    fail_input("{}: num_nodes_list is {}", npz.path(), nodes);
  }
  check_stated_nodes(nodes, edge_index.size() / 2, npz.path());
  dataset.graph = graph_of_edge_index(nodes, edge_index, EdgeDirection::symmetrise);
  if (const auto features = npz.read_if_there("node_feat")) dataset.features = dense_features(*features);
  if (fs::exists(raw + "node-label.npz")) {
    const NpzReader file(raw + "node-label.npz");
    const OwnedArray labels = file.read("node_label");
    dataset.labels = labels_of_numbers(matrix_of(labels), labels.what);
  }
}

/// Each folder of split/ is a split; they come in the order of their names.
std::vector<Split> read_splits(const std::string& folder, int64_t nodes) {
  std::vector<std::string> kinds;
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.is_directory()) kinds.push_back(entry.path().string());
    }
  }
  std::sort(kinds.begin(), kinds.end());
  std::vector<Split> splits;
  for (const std::string& kind : kinds) {
    splits.push_back({read_node_set(needed(kind + "/train.csv"), nodes),
                      read_node_set(needed(kind + "/valid.csv"), nodes),
                      read_node_set(needed(kind + "/test.csv"), nodes)});
  }
  return splits;
}

}  // namespace

Dataset read_ogb(const std::string& folder) {
  Dataset dataset;
  const std::string raw = folder + "/raw/";
  if (fs::exists(raw + "data.npz")) {
    read_binary(raw, dataset);
  } else {
    read_csv(raw, dataset);
  }
  dataset.splits = read_splits(folder + "/split", dataset.nodes());
  return dataset;
}

}  // namespace tersegraph
