#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <tuple>

#include "apart.h"
#include "base/error.h"
#include "bindings.h"
#include "data/assemble.h"
#include "data/validate.h"
#include "hints.h"

namespace nb = nanobind;

namespace tersegraph::python {
namespace {

// Python's side has seen to contiguous arrays of plain numbers.
using Array = nb::ndarray<nb::numpy, nb::c_contig, nb::device::cpu, nb::ro>;
using DenseArray = nb::ndarray<nb::numpy, const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using OptionalArray = std::optional<Array>;
using SplitArrays = std::tuple<Array, Array, Array>;  ///< node ids, ascending

DType dtype_of(const Array& array, const char* what) {
  const nb::dlpack::dtype type = array.dtype();
  const auto code = static_cast<nb::dlpack::dtype_code>(type.code);
  const char kind = code == nb::dlpack::dtype_code::Bool    ? 'b'
                    : code == nb::dlpack::dtype_code::UInt  ? 'u'
                    : code == nb::dlpack::dtype_code::Int   ? 'i'
                    : code == nb::dlpack::dtype_code::Float ? 'f'
                                                            : '?';
  return parse_dtype(fmt::format("<{}{}", kind, type.bits / 8), what);
}

ArrayView view_of(const Array& array, const char* what) {
  std::vector<int64_t> shape(array.shape_ptr(), array.shape_ptr() + array.ndim());
  const auto* data = static_cast<const std::byte*>(array.data());
  return make_array(what, dtype_of(array, what), std::move(shape), false, {data, array.nbytes()});
}

EdgeDirection direction_of(bool symmetrise) {
  return symmetrise ? EdgeDirection::symmetrise : EdgeDirection::keep;
}

Graph graph_of_edge_list(int64_t nodes, const Array& edge_index, const OptionalArray& weights, bool symmetrise) {
  const ArrayView ends_view = view_of(edge_index, "edge_index");
  if (!weights) return graph_of_edge_index(nodes, ends_view, direction_of(symmetrise));
  if (ends_view.dimensions() != 2 || ends_view.shape[0] != 2) {
    fail_input("edge_index: has shape {} where (2, edges) is needed", ends_view.shape_words());
  }
  const std::vector<int64_t> ends = to_vector<int64_t>(ends_view);
  const std::vector<float> values = to_vector<float>(view_of(*weights, "edge_weight"));
  std::vector<Edge> edges(ends.size() / 2);
  for (size_t e = 0; e < edges.size(); ++e) edges[e] = {ends[e], ends[edges.size() + e]};
  if (values.size() != edges.size()) {
    fail_input("edge_weight: has {} weights, and edge_index {} edges", values.size(), edges.size());
  }
  return graph_of_edges(nodes, edges, values, direction_of(symmetrise));
}

Graph graph_of_csr(int64_t nodes, const Array& indptr, const Array& indices, const OptionalArray& weights,
                   bool symmetrise) {
  std::optional<ArrayView> values;
  if (weights) values = view_of(*weights, "edge_weight");
  Csr adjacency =
      make_csr(nodes, nodes, view_of(indptr, "indptr"), view_of(indices, "indices"), values ? &*values : nullptr);
  Graph graph = build_graph(std::move(adjacency), {.symmetrise = symmetrise, .remove_self_loops = true});
  if (!symmetrise) graph.directed = !is_symmetric(graph.adjacency);
  return graph;
}

/// The array stays alive as long as the result, and is let go of under the GIL wherever that ends.
Features borrowed_features(const DenseArray& array) {
  const std::shared_ptr<DenseArray> owner(new DenseArray(array), [](DenseArray* held) {
    const nb::gil_scoped_acquire gil;
    delete held;
  });
  const ConstMatrixView x{array.data(), static_cast<int64_t>(array.shape(0)), static_cast<int64_t>(array.shape(1))};
  Features features;
  features.dense = Matrix(x, owner);
  return features;
}

Features csr_features(const nb::tuple& csr) {
  const auto [rows, cols] = nb::cast<std::pair<int64_t, int64_t>>(csr[0]);
  const auto indptr = nb::cast<Array>(csr[1]), indices = nb::cast<Array>(csr[2]), values = nb::cast<Array>(csr[3]);
  const ArrayView value_view = view_of(values, "features.data");
  return sparse_features(
      make_csr(rows, cols, view_of(indptr, "features.indptr"), view_of(indices, "features.indices"), &value_view),
      "features");
}

/// Everything is checked as in a file.
SharedDataset make_dataset(const std::string& name, int64_t nodes, const OptionalArray& edge_index,
                           const OptionalArray& indptr, const OptionalArray& indices, const OptionalArray& weights,
                           bool symmetrise, const std::optional<DenseArray>& dense,
                           const std::optional<nb::tuple>& sparse, const OptionalArray& labels,
                           std::optional<int64_t> classes, const std::vector<SplitArrays>& splits) {
  const auto dataset = std::make_shared<Dataset>();
  if (dense) dataset->features = borrowed_features(*dense);
  if (sparse) dataset->features = csr_features(*sparse);
  Apart().run([&] {
    dataset->name = name;
    dataset->graph = edge_index ? graph_of_edge_list(nodes, *edge_index, weights, symmetrise)
                                : graph_of_csr(nodes, indptr.value(), indices.value(), weights, symmetrise);
    if (labels) dataset->labels = make_labels(view_of(*labels, "labels"), nodes, classes);
    for (const auto& [train, val, test] : splits)
      dataset->splits.push_back({to_vector<int64_t>(view_of(train, "train")), to_vector<int64_t>(view_of(val, "val")),
                                 to_vector<int64_t>(view_of(test, "test"))});
    validate(*dataset, name);
  });
  return {dataset, name};
}

}  // namespace

void bind_make_dataset(nb::module_& module) {
  module.def("make_dataset", &make_dataset, nb::arg("name"), nb::arg("nodes"), nb::arg("edge_index").none(),
             nb::arg("indptr").none(), nb::arg("indices").none(), nb::arg("weights").none(), nb::arg("symmetrise"),
             nb::arg("dense").none(), nb::arg("sparse").none(), nb::arg("labels").none(), nb::arg("classes").none(),
             nb::arg("splits"),
             nb::sig("def make_dataset(name: str, nodes: int, edge_index: " TERSEGRAPH_ANY
                     " | None, indptr: " TERSEGRAPH_ANY " | None, indices: " TERSEGRAPH_ANY
                     " | None, weights: " TERSEGRAPH_ANY " | None, symmetrise: bool, dense: " TERSEGRAPH_FLOATS
                     " | None, sparse: tuple[typing.Any, ...] | None, labels: " TERSEGRAPH_ANY
                     " | None, classes: int | None, splits: collections.abc.Sequence[tuple[" TERSEGRAPH_ANY
                     ", " TERSEGRAPH_ANY ", " TERSEGRAPH_ANY "]]) -> Dataset"));
}

}  // namespace tersegraph::python
