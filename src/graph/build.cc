#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "graph/graph.h"

namespace tersegraph {
namespace {

constexpr int64_t kRowBlock = 4096;

void check_node_count(int64_t nodes) {
  if (nodes < 0 || nodes > std::numeric_limits<int32_t>::max()) {
    fail_input("graph: {} nodes, but node numbers have 31 bits; split the graph or renumber its nodes", nodes);
  }
}

void accumulate_offsets(std::vector<int64_t>& indptr) {
  std::partial_sum(indptr.begin(), indptr.end(), indptr.begin());
}

/// Sorts one row and moves what stays to its front. Returns how many entries stay.
int64_t tidy_row(int32_t* columns, float* values, int64_t count, std::vector<std::pair<int32_t, float>>& scratch) {
  if (std::adjacent_find(columns, columns + count, std::greater_equal<>()) == columns + count) return count;
  if (values == nullptr) {
    std::sort(columns, columns + count);
    return std::unique(columns, columns + count) - columns;
  }
  scratch.resize(count);
  for (int64_t e = 0; e < count; ++e) scratch[e] = {columns[e], values[e]};
  std::stable_sort(scratch.begin(), scratch.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  int64_t kept = 0;
  for (const auto& [column, value] : scratch) {
    if (kept > 0 && columns[kept - 1] == column) continue;
    columns[kept] = column;
    values[kept++] = value;
  }
  return kept;
}

/// Closes the gaps that shorter rows leave: row i keeps its first kept[i + 1] entries.
void compact_rows(Csr& a, std::vector<int64_t> kept) {
  accumulate_offsets(kept);
  if (kept.back() == a.nnz()) return;
  for (int64_t i = 0; i < a.rows(); ++i) {
    const int64_t from = a.indptr[i], count = kept[i + 1] - kept[i];
    std::copy_n(a.indices.begin() + from, count, a.indices.begin() + kept[i]);
    if (a.weighted()) std::copy_n(a.values.begin() + from, count, a.values.begin() + kept[i]);
  }
  const bool worth_a_copy = kept.back() < a.nnz() / 8 * 7;
  a.indptr = std::move(kept);
  a.indices.resize(a.nnz());
  if (worth_a_copy) a.indices.shrink_to_fit();
  if (!a.weighted()) return;
  a.values.resize(a.nnz());
  if (worth_a_copy) a.values.shrink_to_fit();
}

void drop_self_loops(Csr& a) {
  std::vector<int64_t> kept(a.indptr.size(), 0);
  parallel_blocks(a.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t write = a.indptr[i];
      for (int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e) {
        if (a.indices[e] == i) continue;
        a.indices[write] = a.indices[e];
        if (a.weighted()) a.values[write] = a.values[e];
        ++write;
      }
      kept[i + 1] = write - a.indptr[i];
    }
  });
  compact_rows(a, std::move(kept));
}

/// Calls entry(column, value) for the union of row i of a and row i of its transpose t, ascending.
template <class Entry>
void merge_row(CsrView a, CsrView t, int64_t i, Entry&& entry) {
  int64_t e = a.begin(i), f = t.begin(i);
  while (e < a.end(i) || f < t.end(i)) {
    const bool has_a = e < a.end(i) && (f == t.end(i) || a.indices[e] <= t.indices[f]);
    const bool has_t = f < t.end(i) && (e == a.end(i) || t.indices[f] <= a.indices[e]);
    const int32_t column = has_a ? a.indices[e] : t.indices[f];
    const bool take_a = has_a && (!has_t || i < column);
    entry(column, take_a ? a.value(e) : t.value(f));
    e += has_a;
    f += has_t;
  }
}

Csr union_with_transpose(const Csr& a) {
  const Csr t = transpose(a);
  Csr both;
  both.cols = a.cols;
  both.indptr.assign(a.indptr.size(), 0);
  parallel_blocks(a.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) merge_row(a, t, i, [&](int32_t, float) { ++both.indptr[i + 1]; });
  });
  accumulate_offsets(both.indptr);
  both.indices.resize(both.nnz());
  if (a.weighted()) both.values.resize(both.nnz());
  parallel_blocks(a.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t slot = both.indptr[i];
      merge_row(a, t, i, [&](int32_t column, float value) {
        both.indices[slot] = column;
        if (a.weighted()) both.values[slot] = value;
        ++slot;
      });
    }
  });
  return both;
}

/// Calls entry(row, column, edge) for everything that the edge list puts into the CSR.
template <class Entry>
void for_each_entry(std::span<const Edge> edges, const BuildOptions& options, Entry&& entry) {
  for (size_t k = 0; k < edges.size(); ++k) {
    const auto [source, target] = edges[k];
    if (source == target) {
      if (!options.remove_self_loops) entry(source, target, k);
      continue;
    }
    entry(source, target, k);
    if (options.symmetrise) entry(target, source, k);
  }
}

}  // namespace

void sort_and_deduplicate_rows(Csr& a) {
  std::vector<int64_t> kept(a.indptr.size(), 0);
  parallel_blocks(a.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    std::vector<std::pair<int32_t, float>> scratch;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t from = a.indptr[i];
      float* values = a.weighted() ? a.values.data() + from : nullptr;
      kept[i + 1] = tidy_row(a.indices.data() + from, values, a.indptr[i + 1] - from, scratch);
    }
  });
  compact_rows(a, std::move(kept));
}

Graph build_graph(int64_t nodes, std::span<const Edge> edges, std::span<const float> weights,
                  const BuildOptions& options) {
  check_node_count(nodes);
  if (!weights.empty() && weights.size() != edges.size()) {
    fail_input("graph: {} edge weights for {} edges; give one an edge or none", weights.size(), edges.size());
  }
  for (size_t k = 0; k < edges.size(); ++k) {
    const auto [source, target] = edges[k];
    if (source < 0 || source >= nodes || target < 0 || target >= nodes) {
      fail_input("graph: edge {} is ({}, {}), but nodes go from 0 to {}; correct the edge or the node count", k, source,
                 target, nodes - 1);
    }
  }

  Graph graph;
  graph.directed = !options.symmetrise;
  Csr& a = graph.adjacency;
  a.cols = nodes;
  a.indptr.assign(nodes + 1, 0);
  for_each_entry(edges, options, [&](int64_t row, int64_t, size_t) { ++a.indptr[row + 1]; });
  accumulate_offsets(a.indptr);
  a.indices.resize(a.nnz());
  if (!weights.empty()) a.values.resize(a.nnz());
  std::vector<int64_t> next(a.indptr.begin(), a.indptr.end() - 1);
  for_each_entry(edges, options, [&](int64_t row, int64_t column, size_t edge) {
    const int64_t slot = next[row]++;
    a.indices[slot] = static_cast<int32_t>(column);
    if (!weights.empty()) a.values[slot] = weights[edge];
  });
  sort_and_deduplicate_rows(a);
  return graph;
}

Graph build_graph(Csr adjacency, const BuildOptions& options) {
  check_node_count(adjacency.rows());
  if (adjacency.rows() != adjacency.cols) {
    fail_input("graph: the adjacency is {} by {}; it must be square", adjacency.rows(), adjacency.cols);
  }
  const auto outside = std::find_if(adjacency.indices.begin(), adjacency.indices.end(),
                                    [&](int32_t column) { return column < 0 || column >= adjacency.cols; });
  if (outside != adjacency.indices.end()) {
    fail_input("graph: entry {} of the adjacency has column {}, but nodes go from 0 to {}; correct the indices",
               outside - adjacency.indices.begin(), *outside, adjacency.cols - 1);
  }
  sort_and_deduplicate_rows(adjacency);
  if (options.remove_self_loops) drop_self_loops(adjacency);
  if (options.symmetrise && !is_symmetric(adjacency)) adjacency = union_with_transpose(adjacency);
  return {std::move(adjacency), !options.symmetrise};
}

}  // namespace tersegraph
