#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/csr.h"
#include "base/matrix.h"
#include "graph/graph.h"

namespace tersegraph {

/// Node features (n, F), dense or sparse, as stored: sparse ones stay sparse.
struct Features {
  Matrix dense;
  Csr sparse;
  bool is_sparse = false;

  int64_t rows() const { return is_sparse ? sparse.rows() : dense.rows(); }
  int64_t cols() const { return is_sparse ? sparse.cols : dense.cols(); }
  bool empty() const { return cols() == 0; }
  size_t bytes() const { return is_sparse ? sparse.bytes() : dense.bytes(); }
};

enum class Task { multiclass, multilabel, regression };
std::string_view task_name(Task task);

/// multiclass: classes[v] in 0..outputs-1, -1 = unlabelled. multilabel: targets (n, outputs) in {0, 1}; regression:
/// targets (n, outputs), NaN = unlabelled.
struct Labels {
  Task task = Task::multiclass;
  int64_t outputs = 0;
  std::vector<int32_t> classes;
  Matrix targets;

  bool labelled(int64_t node) const;
};

/// Global node ids, ascending and disjoint.
struct Split {
  std::vector<int64_t> train, val, test;
};

struct Dataset {
  std::string name;
  std::string format = {};  ///< what it was read from, as docs/data.md calls it; "" for one made in memory
  Graph graph;
  Features features;
  Labels labels;
  std::vector<Split> splits;      ///< those that came with the file; several where the publisher made several
  std::vector<int64_t> node_ids;  ///< the user's own ids; empty: 0..n-1

  int64_t nodes() const { return graph.nodes(); }
};

/// What is known of a dataset without its contents.
struct DatasetShape {
  std::string name;
  int64_t nodes = 0, edges = 0;  ///< edges: directed; an undirected one counts twice
  bool directed = false, weighted = false;
  int64_t features = 0, feature_entries = 0;  ///< entries: stored ones; all cells of dense features
  bool sparse_features = false;
  Task task = Task::multiclass;
  int64_t outputs = 0;
};
DatasetShape shape_of(const Dataset& dataset);

/// Reads a dataset from a file of any known format, or generates one from "sbm:...". See docs/data.md. The result is
/// valid. Errors: InputError naming the file, the array and what to do.
Dataset load_dataset(const std::string& data);

/// Errors: InputError for anything a trainer could not live with (shapes that disagree, NaN features, labels out of
/// range, ...).
void validate(const Dataset& dataset);

/// The npz schema of docs/data.md; written to a temporary and renamed.
void save_dataset(const Dataset& dataset, const std::string& path);

}  // namespace tersegraph
