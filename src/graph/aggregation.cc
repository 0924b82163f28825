#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/parallel.h"
#include "graph/graph.h"

namespace tersegraph {
namespace {

constexpr int64_t kRowBlock = 4096;

enum class Loops { keep, drop, complete };

/// Calls entry(column, weight) for row i of a in ascending order, loops dropped or completed with weight 1.
template <class Entry>
void for_each_in_row(CsrView a, int64_t i, Loops loops, Entry&& entry) {
  bool loop_due = loops == Loops::complete;
  for (int64_t e = a.begin(i); e < a.end(i); ++e) {
    const int32_t column = a.indices[e];
    if (loops == Loops::drop && column == i) continue;
    if (loop_due && column >= i) {
      if (column > i) entry(static_cast<int32_t>(i), 1.0f);
      loop_due = false;
    }
    entry(column, a.value(e));
  }
  if (loop_due) entry(static_cast<int32_t>(i), 1.0f);
}

/// Entries and weighted degree of every row.
void measure_rows(CsrView a, Loops loops, std::vector<int64_t>& indptr, std::vector<double>& degree) {
  parallel_blocks(a.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for_each_in_row(a, i, loops, [&](int32_t, float weight) {
        ++indptr[i + 1];
        degree[i] += weight;
      });
    }
  });
  std::partial_sum(indptr.begin(), indptr.end(), indptr.begin());
}

double inverse_degree(double degree, Normalisation normalisation) {
  if (!(degree > 0)) return 0;
  return normalisation == Normalisation::symmetric ? 1 / std::sqrt(degree) : 1 / degree;
}

}  // namespace

Csr aggregation_operator(const Graph& graph, Normalisation normalisation) {
  Csr turned;
  if (graph.directed) turned = transpose(graph.adjacency);
  const CsrView a = graph.directed ? turned.view() : graph.adjacency.view();
  if (normalisation == Normalisation::none) return graph.directed ? std::move(turned) : graph.adjacency;

  const bool symmetric = normalisation == Normalisation::symmetric;
  const Loops loops = normalisation == Normalisation::mean ? Loops::drop : Loops::complete;
  Csr result;
  result.cols = a.cols;
  result.indptr.assign(a.rows + 1, 0);
  std::vector<double> inverse(a.rows, 0.0);
  measure_rows(a, loops, result.indptr, inverse);
  for (double& degree : inverse) degree = inverse_degree(degree, normalisation);
  result.indices.resize(result.nnz());
  result.values.resize(result.nnz());
  parallel_blocks(a.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t slot = result.indptr[i];
      for_each_in_row(a, i, loops, [&](int32_t column, float weight) {
        const double scale = symmetric ? inverse[i] * inverse[column] : inverse[i];
        result.indices[slot] = column;
        result.values[slot++] = static_cast<float>(weight * scale);
      });
    }
  });
  return result;
}

}  // namespace tersegraph
