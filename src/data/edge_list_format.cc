#include <algorithm>
#include <filesystem>
#include <limits>

#include "data/edge_text.h"
#include "data/formats.h"
#include "data/memory_limit.h"
#include "data/npy.h"

namespace tersegraph {
namespace {

constexpr int64_t kAnyId = std::numeric_limits<int64_t>::max();

/// The distinct ids, ascending, and the edges renumbered to their places among them.
std::vector<int64_t> number_nodes(std::vector<Edge>& edges) {
  std::vector<int64_t> ids;
  ids.reserve(edges.size() * 2);
  for (const auto& [source, target] : edges) ids.insert(ids.end(), {source, target});
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  ids.shrink_to_fit();
  if (!ids.empty() && ids.back() == std::ssize(ids) - 1) return ids;
  const auto place = [&](int64_t id) { return std::lower_bound(ids.begin(), ids.end(), id) - ids.begin(); };
  for (auto& [source, target] : edges) {
    source = place(source);
    target = place(target);
  }
  return ids;
}

/// The first line is n; line i + 1 lists the neighbours of node i.
Dataset read_adjacency_lines(TextReader& text, EdgeDirection direction) {
  const int64_t nodes = text.integer();
  if (nodes < 1 || nodes > std::numeric_limits<int32_t>::max()) text.fail("states {} nodes", nodes);
  if (static_cast<uint64_t>(nodes) > text.most_characters())
    text.fail("states {} nodes, each a line; it is too short", nodes);
  check_fits_in_memory(static_cast<uint64_t>(nodes) * 24, text.path() + ": its graph");
  EdgeText list;
  for (int64_t v = 0; v < nodes; ++v) {
    if (!text.next_line()) text.fail("is missing: {} nodes are stated, and {} lines are there", nodes, v);
    while (!text.at_end()) list.add(text, v, text.index(nodes));
  }
  if (text.next_content()) text.fail("comes after those of the {} nodes that are stated", nodes);
  Dataset dataset;
  dataset.graph = graph_of_edges(nodes, list.edges, {}, direction);
  return dataset;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '"' || c == '_';
}

/// Edges over given nodes 0..nodes-1, or over whatever ids the file has (nodes = 0).
Dataset read_edges(const std::string& path, int64_t nodes) {
  TextReader text(path);
  EdgeDirection direction = EdgeDirection::symmetrise;
  bool found = text.next_line();
  for (; found; found = text.next_line()) {
    if (text.line().starts_with("# directed")) direction = EdgeDirection::keep;
    if (!text.at_end() && text.line().front() != '#' && text.line().front() != '%') break;
  }
  if (found && is_letter(text.line().front())) found = text.next_content();  // a header
  if (!found) fail_input("{}: holds no edges; give one 'source target' a line", path);
  if (nodes == 0) {
    text.word();
    const bool alone = text.at_end();
    text.rewind_line();
    if (alone) return read_adjacency_lines(text, direction);
  }
  EdgeText list;
  do {
    list.add_line(text, nodes == 0 ? kAnyId : nodes);
  } while (text.next_content());
  Dataset dataset;
  std::vector<int64_t> ids;
  if (nodes == 0) {
    ids = number_nodes(list.edges);
    nodes = std::ssize(ids);
    if (ids.back() != nodes - 1) dataset.node_ids = std::move(ids);
  }
  dataset.graph = graph_of_edges(nodes, list.edges, list.weights, direction);
  return dataset;
}

/// A set of a split: one node a line.
std::vector<int64_t> read_set(const std::string& folder, const std::string& name, int64_t nodes) {
  const std::string path = plain_or_gzipped(folder + "/" + name + ".txt");
  return path.empty() ? std::vector<int64_t>() : read_node_set(path, nodes);
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

Dataset read_edge_list(const std::string& path) {
  return read_edges(path, 0);
}

std::string edge_list_in(const std::string& folder) {
  for (const char* extension : {"txt", "csv", "tsv"}) {
    const std::string path = plain_or_gzipped(fmt::format("{}/edges.{}", folder, extension));
    if (!path.empty()) return path;
  }
  return "";
}

Dataset read_edge_list_folder(const std::string& folder) {
  const auto there = [&](const char* name) { return std::filesystem::exists(folder + "/" + name); };
  Features features;
  if (there("features.npy")) features = dense_features(read_npy(folder + "/features.npy"));
  Labels labels;
  if (there("labels.npy")) {
    const NpyFile array = read_npy(folder + "/labels.npy");
    labels = make_labels(array, array.dimensions() == 0 ? 0 : array.shape[0], std::nullopt);
  }
  const int64_t rows = !features.empty()                 ? features.rows()
                       : labels.outputs == 0             ? 0
                       : labels.task == Task::multiclass ? std::ssize(labels.classes)
                                                         : labels.targets.rows();
  Dataset dataset = read_edges(edge_list_in(folder), rows);
  dataset.features = std::move(features);
  dataset.labels = std::move(labels);
  Split split{read_set(folder, "train", dataset.nodes()), read_set(folder, "val", dataset.nodes()),
              read_set(folder, "test", dataset.nodes())};
  if (!split.train.empty()) dataset.splits.push_back(std::move(split));
  return dataset;
}

}  // namespace tersegraph
