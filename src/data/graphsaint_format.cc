#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "data/assemble.h"
#include "data/formats.h"
#include "data/npy.h"
#include "data/scipy_sparse.h"

namespace tersegraph {
namespace {

using Json = nlohmann::json;

/// An object of numbers or of lists of numbers, handed over as it is read: the document of a large graph would take
/// many times the file.
class NumberLists : public nlohmann::json_sax<Json> {
 public:
  explicit NumberLists(std::string path) : path_(std::move(path)) {
    const std::string text = read_file(path_);
    Json::sax_parse(text, this);
  }

  bool null() override { unexpected(); }
  bool boolean(bool) override { unexpected(); }
  bool string(string_t&) override { unexpected(); }
  bool binary(binary_t&) override { unexpected(); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override {
    if (value > static_cast<uint64_t>(INT64_MAX)) unexpected();
    return add(static_cast<int64_t>(value));
  }
  bool number_float(double value, const string_t&) override {
    if (!(value >= -1e15 && value <= 1e15) || value != static_cast<double>(static_cast<int64_t>(value))) unexpected();
    return add(static_cast<int64_t>(value));
  }
  bool start_object(size_t) override {
    if (depth_++ > 0) unexpected();
    return true;
  }
  bool key(string_t& name) override {
    names.push_back(name);
    starts.push_back(values.size());
    is_list.push_back(false);
    return true;
  }
  bool end_object() override {
    starts.push_back(values.size());
    return true;
  }
  bool start_array(size_t) override {
    if (names.empty() || in_list_) unexpected();
    is_list.back() = in_list_ = true;
    return true;
  }
  bool end_array() override {
    in_list_ = false;
    return true;
  }
  bool parse_error(size_t byte, const std::string&, const Json::exception&) override {
    fail_input("{}: is no JSON at byte {}; fetch it again", path_, byte);
  }

  std::span<const int64_t> list(size_t i) const {
    return std::span(values).subspan(starts[i], starts[i + 1] - starts[i]);
  }
  const std::string& path() const { return path_; }

  std::vector<std::string> names;
  std::vector<bool> is_list;
  std::vector<size_t> starts;
  std::vector<int64_t> values;

 private:
  [[noreturn]] void unexpected() const {
    fail_input("{}: near the key '{}' stands something else than whole numbers or lists of them", path_,
               names.empty() ? "" : names.back());
  }
  bool add(int64_t value) {
    if (names.empty()) unexpected();
    values.push_back(value);
    return true;
  }

  std::string path_;
  int depth_ = 0;
  bool in_list_ = false;
};

int64_t node_of(const NumberLists& lists, size_t i, int64_t nodes) {
  const std::string& name = lists.names[i];
  int64_t node = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), node);
  if (error != std::errc() || end != name.data() + name.size() || node < 0 || node >= nodes) {
    fail_input("{}: has the key '{}', which is no node in 0..{}", lists.path(), name.substr(0, 40), nodes - 1);
  }
  return node;
}

/// {"0": 3, ...} are classes, {"0": [0, 1, ...], ...} several labels a node.
Labels read_class_map(const std::string& path, int64_t nodes) {
  const NumberLists map(path);
  Labels labels;
  if (map.names.empty()) fail_input("{}: holds no labels", path);
  const bool multilabel = map.is_list[0];
  if (multilabel) {
    labels.task = Task::multilabel;
    labels.outputs = std::ssize(map.list(0));
  }
  std::vector<int32_t> classes(static_cast<size_t>(nodes), -1);
  for (size_t i = 0; i < map.names.size(); ++i) {
    const int64_t v = node_of(map, i, nodes);
    const auto list = map.list(i);
    if (map.is_list[i] != multilabel || std::ssize(list) != (multilabel ? labels.outputs : 1)) {
      fail_input("{}: node {} has {} labels, and the first node has {}", path, v, list.size(), map.list(0).size());
    }
    if (classes[v] != -1) fail_input("{}: node {} is there twice", path, v);
    if (!multilabel && (list[0] < 0 || list[0] >= std::max<int64_t>(nodes, 2))) {
      fail_input("{}: node {} has class {}, outside 0..{}", path, v, list[0], nodes - 1);
    }
    classes[v] = multilabel ? 0 : static_cast<int32_t>(list[0]);
    if (!multilabel) labels.outputs = std::max(labels.outputs, list[0] + 1);
  }
  if (!multilabel) {
    labels.classes = std::move(classes);
  } else if (const auto none = std::find(classes.begin(), classes.end(), -1); none != classes.end()) {
    fail_input("{}: node {} is not there", path, none - classes.begin());
  } else {
    // All nodes are there, so that the targets are no larger than the file.
    labels.targets.reshape(nodes, labels.outputs);
    for (size_t i = 0; i < map.names.size(); ++i) {
      const auto list = map.list(i);
      std::copy(list.begin(), list.end(), labels.targets.row(node_of(map, i, nodes)));
    }
  }
  return labels;
}

Split read_roles(const std::string& path) {
  const NumberLists roles(path);
  const auto set = [&](std::string_view name) {
    const auto found = std::find(roles.names.begin(), roles.names.end(), name);
    if (found == roles.names.end()) fail_input("{}: has no '{}'; the keys are tr, va and te", path, name);
    const auto list = roles.list(static_cast<size_t>(found - roles.names.begin()));
    std::vector<int64_t> nodes(list.begin(), list.end());
    std::sort(nodes.begin(), nodes.end());
    return nodes;
  };
  return {set("tr"), set("va"), set("te")};
}

}  // namespace

Dataset read_graphsaint(const std::string& folder) {
  Dataset dataset;
  dataset.graph = read_scipy_graph(NpzReader(folder + "/adj_full.npz"));
  dataset.features = dense_features(read_npy(folder + "/feats.npy"));
  dataset.labels = read_class_map(folder + "/class_map.json", dataset.nodes());
  dataset.splits = {read_roles(folder + "/role.json")};
  return dataset;
}

}  // namespace tersegraph
