#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/array.h"
#include "data/dataset.h"

namespace tersegraph {

/// How messages call the three arrays of a CSR.
struct CsrNames {
  std::string indptr, indices, values;
};

/// Errors: InputError when row pointers fall or do not fit the entries, a column is out of range, or a value is not
/// finite.
void check_csr(const Csr& a, const CsrNames& names);

/// Row pointers of a file, which must rise from 0 to `entries`, what `indices` names. Errors: as check_csr.
std::vector<int64_t> row_pointers(int64_t rows, const ArrayView& indptr, int64_t entries, const std::string& indices);

/// A CSR of a file, checked; `values` may be null. Errors: as check_csr, and counts over 2^31 - 1 rows or columns.
Csr make_csr(int64_t rows, int64_t cols, const ArrayView& indptr, const ArrayView& indices, const ArrayView* values);

/// The two numbers of an array such as attr_shape.
std::pair<int64_t, int64_t> shape_of(const ArrayView& shape);

/// For nodes that a file states without listing them. Errors: InputError when they are over 2^20 and over 64 for each
/// of the `entries` that it lists, since a few bytes must not claim the machine's memory.
void check_stated_nodes(int64_t nodes, int64_t entries, const std::string& what);

/// Rows made to ascend. Errors: InputError for a column that a row lists twice.
Features sparse_features(Csr attributes, const std::string& what);
/// No columns: no features.
Features dense_features(const ArrayView& attributes);

/// The edges of publishers' files, made undirected, without loops, duplicates, weights and entries of value 0.
Graph undirected_graph(Csr adjacency);

/// How publishers' edges become a graph. `keep`: as they are, undirected where the reverse of every edge is there.
enum class EdgeDirection { symmetrise, keep };

/// The graph of a text's edges, loops and duplicates dropped.
Graph graph_of_edges(int64_t nodes, std::span<const Edge> edges, std::span<const float> weights,
                     EdgeDirection direction);

/// The graph of (2, m) edges: sources, then targets. Errors: InputError that names the edge.
Graph graph_of_edge_index(int64_t nodes, const ArrayView& edge_index, EdgeDirection direction);

/// Classes in one column, fractions that are whole and NaN = unlabelled included; several columns of 0 and 1 are
/// several labels a node.
Labels labels_of_numbers(Matrix numbers, const std::string& what);
Matrix matrix_of(const ArrayView& array);

/// Whole numbers (n,): classes, -1 = unlabelled, of which there are `classes` or as many as the largest says. Whole
/// numbers (n, C): multi-label. Fractions (n,) or (n, C): regression.
Labels make_labels(const ArrayView& labels, int64_t nodes, std::optional<int64_t> classes);

/// Masks of shape (n,), one split, or (k, n), k splits. val and test may be null.
std::vector<Split> make_splits(const ArrayView& train, const ArrayView* val, const ArrayView* test, int64_t nodes);

}  // namespace tersegraph
