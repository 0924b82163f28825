#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "data/assemble.h"
#include "data/formats.h"
#include "data/pickle.h"
#include "data/pickled_csr.h"
#include "data/text_reader.h"

namespace tersegraph {
namespace {

// Planetoid's public split: the nodes of y train, the next 500 validate, those of test.index test.
constexpr int64_t kValidationNodes = 500;

struct File {
  explicit File(const std::string& path) : bytes(read_file(path)), pickle(std::as_bytes(std::span(bytes)), path) {}
  std::string bytes;
  Pickle pickle;
};

/// The nodes of the rows of tx and ty: listed in any order, none twice, all after those of allx.
std::vector<int64_t> read_test_nodes(const std::string& path, int64_t first) {
  TextReader text(path);
  std::vector<int64_t> nodes;
  while (text.next_content()) {
    nodes.push_back(text.integer());
    if (nodes.back() < first || nodes.back() > std::numeric_limits<int32_t>::max() - 1) {
      text.fail("has node {}; test nodes come after the {} others", nodes.back(), first);
    }
    text.expect_end();
  }
  std::vector<int64_t> sorted = nodes;
  std::sort(sorted.begin(), sorted.end());
  if (nodes.empty() || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    fail_input("{}: lists no node, or one twice", path);
  }
  return nodes;
}

Features stack_features(const Csr& all, const Csr& test, const std::vector<int64_t>& test_nodes, int64_t nodes,
                        const std::string& what) {
  if (test.rows() != std::ssize(test_nodes) || test.cols != all.cols) {
    fail_input("{}: tx is {} by {}, and {} test nodes and {} columns are needed", what, test.rows(), test.cols,
               test_nodes.size(), all.cols);
  }
  std::vector<int64_t> row_of(static_cast<size_t>(nodes), -1);
  for (size_t i = 0; i < test_nodes.size(); ++i) row_of[test_nodes[i]] = static_cast<int64_t>(i);
  Csr stacked = all;
  for (int64_t v = all.rows(); v < nodes; ++v) {
    if (const int64_t row = row_of[v]; row >= 0) {
      const auto from = test.indptr[row], to = test.indptr[row + 1];
      stacked.indices.insert(stacked.indices.end(), test.indices.begin() + from, test.indices.begin() + to);
      stacked.values.insert(stacked.values.end(), test.values.begin() + from, test.values.begin() + to);
    }
    stacked.indptr.push_back(std::ssize(stacked.indices));
  }
  return sparse_features(std::move(stacked), what);
}

Matrix one_hot(const File& file) {
  const ArrayView array = file.pickle.array(file.pickle.root(), "labels");
  if (array.dimensions() != 2 || array.shape[1] < 1) {
    fail_input("{}: has shape {} where (nodes, classes) is needed", array.what, array.shape_words());
  }
  return matrix_of(array);
}

int32_t class_of(const Matrix& y, int64_t row) {
  const float* const begin = y.row(row);
  const float* const largest = std::max_element(begin, begin + y.cols());
  return *largest > 0 ? static_cast<int32_t>(largest - begin) : -1;
}

Graph read_neighbours(const File& file, int64_t nodes) {
  const Pickle& pickle = file.pickle;
  const PickleValue& graph = pickle.root();
  if (graph.kind != PickleValue::Kind::dict) pickle.malformed("it is no dictionary of neighbours");
  std::vector<Edge> edges;
  const auto node = [&](uint32_t value) {
    const int64_t v = pickle.integer(pickle.at(value));
    if (v < 0 || v >= nodes) pickle.malformed(fmt::format("it has node {}, outside 0..{}", v, nodes - 1));
    return v;
  };
  for (size_t i = 0; i + 1 < graph.items.size(); i += 2) {
    const int64_t source = node(graph.items[i]);
    for (const uint32_t target : pickle.at(graph.items[i + 1]).items) {
      if (edges.size() == size_t{1} << 24) pickle.malformed("it lists too many neighbours");
      edges.emplace_back(source, node(target));
    }
  }
  return graph_of_edges(nodes, edges, {}, EdgeDirection::symmetrise);
}

}  // namespace

Dataset read_planetoid(const std::string& path) {
  const std::string stem = path.substr(0, path.find('.', path.rfind('/') + 5));
  const auto part = [&](const char* name) { return stem + "." + name; };
  const File allx(part("allx")), tx(part("tx")), ally(part("ally")), ty(part("ty")), y(part("y")), graph(part("graph"));
  const Csr all = csr_of(allx.pickle, allx.pickle.root()), test = csr_of(tx.pickle, tx.pickle.root());
  const std::vector<int64_t> test_nodes = read_test_nodes(part("test.index"), all.rows());
  const int64_t nodes = *std::max_element(test_nodes.begin(), test_nodes.end()) + 1;
  check_stated_nodes(nodes, all.rows() + std::ssize(test_nodes), part("test.index"));

  Dataset dataset;
  dataset.graph = read_neighbours(graph, nodes);
  dataset.features = stack_features(all, test, test_nodes, nodes, part("tx"));
  const Matrix all_classes = one_hot(ally), test_classes = one_hot(ty);
  if (all_classes.rows() != all.rows() || test_classes.rows() != test.rows() ||
      test_classes.cols() != all_classes.cols()) {
    fail_input("{}: its files disagree: labels of {} and {} nodes, features of {} and {}", stem, all_classes.rows(),
               test_classes.rows(), all.rows(), test.rows());
  }
  dataset.labels.outputs = all_classes.cols();
  dataset.labels.classes.assign(static_cast<size_t>(nodes), -1);
  for (int64_t v = 0; v < all.rows(); ++v) dataset.labels.classes[v] = class_of(all_classes, v);
  for (int64_t i = 0; i < test.rows(); ++i) dataset.labels.classes[test_nodes[i]] = class_of(test_classes, i);

  Split split;
  const int64_t training = one_hot(y).rows();
  for (int64_t v = 0; v < std::min(training + kValidationNodes, all.rows()); ++v) {
    (v < training ? split.train : split.val).push_back(v);
  }
  split.test = test_nodes;
  std::sort(split.test.begin(), split.test.end());
  dataset.splits = {std::move(split)};
  return dataset;
}

}  // namespace tersegraph
