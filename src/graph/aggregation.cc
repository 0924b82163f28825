#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "base/parallel.h"
#include "graph/graph.h"
#include "graph/shard.h"

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

Loops loops_of(Normalisation normalisation) {
  return normalisation == Normalisation::mean ? Loops::drop : Loops::complete;
}

/// The weighted degree of every row.
std::vector<double> row_degrees(CsrView a, Loops loops) {
  std::vector<double> degree(a.rows, 0.0);
  parallel_blocks(a.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for_each_in_row(a, i, loops, [&](int32_t, float weight) { degree[i] += weight; });
    }
  });
  return degree;
}

/// The same of the rows of a shard: summed by global id, as if the graph were whole.
std::vector<double> row_degrees(const Shard& shard, Loops loops) {
  const CsrView local = shard.local, remote = shard.remote;
  std::vector<double> degree(local.rows, 0.0);
  parallel_blocks(local.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    std::vector<std::pair<int64_t, float>> row;
    for (int64_t i = begin; i < end; ++i) {
      row.clear();
      for_each_in_row(local, i, loops, [&](int32_t k, float weight) { row.emplace_back(shard.owned[k], weight); });
      for_each_in_row(remote, i, Loops::keep,
                      [&](int32_t k, float weight) { row.emplace_back(shard.halo[k], weight); });
      // Sums of ones are exact in any order.
      if (local.values != nullptr || remote.values != nullptr) std::sort(row.begin(), row.end());
      for (const auto& [id, weight] : row) degree[i] += weight;
    }
  });
  return degree;
}

void invert(std::vector<double>& degrees, Normalisation normalisation) {
  for (double& degree : degrees) {
    if (!(degree > 0)) {
      degree = 0;
    } else {
      degree = normalisation == Normalisation::symmetric ? 1 / std::sqrt(degree) : 1 / degree;
    }
  }
}

/// Entry (i, j) times rows[i] and, unless they are empty, cols[j].
Csr scaled(CsrView a, Loops loops, std::span<const double> rows, std::span<const double> cols) {
  Csr result;
  result.cols = a.cols;
  result.indptr.assign(a.rows + 1, 0);
  parallel_blocks(a.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for_each_in_row(a, i, loops, [&](int32_t, float) { ++result.indptr[i + 1]; });
    }
  });
  std::partial_sum(result.indptr.begin(), result.indptr.end(), result.indptr.begin());
  result.indices.resize(result.nnz());
  result.values.resize(result.nnz());
  parallel_blocks(a.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t slot = result.indptr[i];
      for_each_in_row(a, i, loops, [&](int32_t column, float weight) {
        const double scale = cols.empty() ? rows[i] : rows[i] * cols[column];
        result.indices[slot] = column;
        result.values[slot++] = static_cast<float>(weight * scale);
      });
    }
  });
  return result;
}

}  // namespace

Csr aggregation_operator(const Graph& graph, Normalisation normalisation) {
  Csr turned;
  if (graph.directed) turned = transpose(graph.adjacency);
  const CsrView a = graph.directed ? turned.view() : graph.adjacency.view();
  if (normalisation == Normalisation::none) return graph.directed ? std::move(turned) : graph.adjacency;

  const Loops loops = loops_of(normalisation);
  std::vector<double> inverse = row_degrees(a, loops);
  invert(inverse, normalisation);
  return scaled(a, loops, inverse, normalisation == Normalisation::symmetric ? inverse : std::span<const double>());
}

std::vector<double> degrees_with_loops(CsrView in_neighbours) {
  return row_degrees(in_neighbours, Loops::complete);
}

void normalise(Shard& shard, std::vector<double> halo_degrees, Normalisation normalisation) {
  if (normalisation == Normalisation::none) return;
  const Loops loops = loops_of(normalisation);
  std::vector<double> inverse = row_degrees(shard, loops);
  invert(inverse, normalisation);
  invert(halo_degrees, normalisation);
  const bool symmetric = normalisation == Normalisation::symmetric;
  shard.local = scaled(shard.local, loops, inverse, symmetric ? inverse : std::span<const double>());
  shard.remote = scaled(shard.remote, Loops::keep, inverse, symmetric ? halo_degrees : std::span<const double>());
}

}  // namespace tersegraph
