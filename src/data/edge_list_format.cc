#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <utility>

#include "base/error.h"
#include "data/distinct_ids.h"
#include "data/edge_list.h"
#include "data/formats.h"
#include "data/npy.h"
#include "data/slabs.h"
#include "data/sorted_edges.h"

namespace tersegraph {
namespace {

constexpr int64_t kAnyId = std::numeric_limits<int64_t>::max();

/// A list of edges that went through SortedEdges, and the arrays beside it.
class EdgeListRows final : public DatasetRows {
 public:
  EdgeListRows(Dataset head, SortedEdges edges, std::optional<std::string> features)
      : head_(std::move(head)), edges_(std::move(edges)), features_(std::move(features)) {
    head_.graph.adjacency.cols = std::ssize(edges_.indptr()) - 1;
    head_.graph.adjacency.indptr = edges_.indptr();
    // Of directed edges each may have its reverse all the same.
    head_.graph.directed = head_.graph.directed && !is_symmetric(*this);
    shape_ = shape_of(head_);
    shape_.weighted = edges_.weighted();
    if (!features_) return;
    shape_.features = open_npy(*features_).header().shape[1];
    shape_.feature_entries = shape_.nodes * shape_.features;
  }

  DatasetShape shape() const override { return shape_; }
  const Dataset& head() const override { return head_; }
  const std::vector<int64_t>& indptr() const override { return edges_.indptr(); }
  void edges(const SeeSparse& see) const override { edges_.read(see); }
  void dense_features(const SeeDense& see) const override {
    if (features_) return read_rows(open_npy(*features_), see);
    WholeRows(head_).dense_features(see);
  }
  void sparse_features(const SeeSparse&) const override {}

  void add_split(Split split) {
    if (!split.train.empty()) head_.splits.push_back(std::move(split));
  }

  /// The dataset in memory; this is used up.
  Dataset load() && {
    head_.graph = read_graph(*this);
    if (features_) head_.features = tersegraph::dense_features(read_npy(*features_));
    return std::move(head_);
  }

 private:
  Dataset head_;
  SortedEdges edges_;
  std::optional<std::string> features_;  ///< an .npy file that is stored by rows
  DatasetShape shape_;
};

void check_node_count(int64_t nodes, const std::string& path) {
  if (nodes > std::numeric_limits<int32_t>::max()) {
    fail_input("{}: names {} nodes, but node numbers have 31 bits; split the graph", path, nodes);
  }
}

/// Edges over given nodes 0..nodes-1, or over whatever ids the file has (nodes = 0), which are left in the head.
EdgeListRows sort_edges(const std::string& path, int64_t nodes, Dataset head, std::optional<std::string> features) {
  const EdgeList list(path);
  if (nodes == 0 && list.stated_nodes() >= 0) nodes = list.stated_nodes();
  DistinctIds ids;
  if (nodes == 0) {
    list.read(kAnyId, [&](int64_t source, int64_t target, float) { ids.add(source), ids.add(target); });
    ids.finish();
    nodes = ids.count();
    check_node_count(nodes, path);
    if (!ids.dense()) head.node_ids = ids.ids();
  }
  SortedEdges edges(nodes, list.weighted());
  const bool renumber = !head.node_ids.empty(), both = list.direction() == EdgeDirection::symmetrise;
  list.read(renumber ? kAnyId : nodes, [&](int64_t source, int64_t target, float weight) {
    if (renumber) source = ids.place(source), target = ids.place(target);
    if (source == target) return;
    if (both) return edges.add_both(source, target, weight);
    edges.add(source, target, weight);
  });
  edges.sort();
  head.graph.directed = !both;
  return {std::move(head), std::move(edges), std::move(features)};
}

EdgeListRows edge_list(const std::string& path) {
  Dataset head;
  head.name = dataset_name(path);
  head.format = "edge list";
  return sort_edges(path, 0, std::move(head), {});
}

/// A set of a split: one node a line.
std::vector<int64_t> read_set(const std::string& folder, const std::string& name, int64_t nodes) {
  const std::string path = plain_or_gzipped(folder + "/" + name + ".txt");
  return path.empty() ? std::vector<int64_t>() : read_node_set(path, nodes);
}

/// Rows of the labels; 0 where there are none.
int64_t label_rows(const Labels& labels) {
  if (labels.outputs == 0) return 0;
  return labels.task == Task::multiclass ? std::ssize(labels.classes) : labels.targets.rows();
}

EdgeListRows edge_list_folder(const std::string& folder) {
  const auto there = [&](const char* name) { return std::filesystem::exists(folder + "/" + name); };
  Dataset head;
  head.name = dataset_name(folder);
  head.format = "edge list in a folder";
  std::optional<std::string> features;
  int64_t nodes = 0;
  if (there("features.npy")) {
    const std::string path = folder + "/features.npy";
    const NpyHeader header = read_npy_header(path);
    if (header.fortran || header.shape.size() != 2 || header.shape[1] == 0) {
      head.features = tersegraph::dense_features(read_npy(path));
    } else {
      features = path;
    }
    nodes = features ? header.shape[0] : head.features.rows();
  }
  if (there("labels.npy")) {
    const NpyFile array = read_npy(folder + "/labels.npy");
    head.labels = make_labels(array, array.dimensions() == 0 ? 0 : array.shape[0], std::nullopt);
  }
  if (nodes == 0) nodes = label_rows(head.labels);
  check_node_count(nodes, folder);
  EdgeListRows rows = sort_edges(edge_list_in(folder), nodes, std::move(head), std::move(features));
  rows.add_split({read_set(folder, "train", rows.shape().nodes), read_set(folder, "val", rows.shape().nodes),
                  read_set(folder, "test", rows.shape().nodes)});
  return rows;
}

}  // namespace

std::vector<int64_t> read_node_set(const std::string& path, int64_t nodes) {
  TextReader text(path);
  std::vector<int64_t> set;
  while (text.next_content()) {
    if (std::ssize(set) == nodes) text.fail("is one more than there are nodes");
    set.push_back(text.index(nodes));
    text.expect_end();
  }
  std::sort(set.begin(), set.end());
  return set;
}

std::string edge_list_in(const std::string& folder) {
  for (const char* extension : {"txt", "csv", "tsv"}) {
    const std::string path = plain_or_gzipped(fmt::format("{}/edges.{}", folder, extension));
    if (!path.empty()) return path;
  }
  const std::string array = folder + "/edges.npy";
  return std::filesystem::exists(array) ? array : "";
}

Dataset read_edge_list(const std::string& path) {
  return edge_list(path).load();
}

std::unique_ptr<DatasetRows> open_edge_list(const std::string& path) {
  return std::make_unique<EdgeListRows>(edge_list(path));
}

Dataset read_edge_list_folder(const std::string& folder) {
  return edge_list_folder(folder).load();
}

std::unique_ptr<DatasetRows> open_edge_list_folder(const std::string& folder) {
  return std::make_unique<EdgeListRows>(edge_list_folder(folder));
}

}  // namespace tersegraph
