#include "graph/graph.h"

#include <algorithm>

namespace tersegraph {
namespace {

bool rows_ascend(CsrView a) {
  for (int64_t i = 0; i < a.rows; ++i) {
    if (!std::is_sorted(a.indices + a.begin(i), a.indices + a.end(i))) return false;
  }
  return true;
}

int64_t count_isolated(CsrView a) {
  std::vector<bool> touched(a.rows, false);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e) {
      if (a.indices[e] == i) continue;
      touched[i] = true;
      touched[a.indices[e]] = true;
    }
  }
  return std::count(touched.begin(), touched.end(), false);
}

}  // namespace

bool is_symmetric(CsrView a) {
  // Rows are visited in order, so the entries of row j come up in order too: entry (i, j) must be the next one of row
  // j.
  std::vector<int64_t> next(a.indptr, a.indptr + a.rows);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e) {
      const int32_t j = a.indices[e];
      const int64_t mirror = next[j]++;
      if (mirror >= a.end(j) || a.indices[mirror] != i || a.value(mirror) != a.value(e)) return false;
    }
  }
  return true;
}

GraphFacts inspect(const Graph& graph) {
  GraphFacts facts;
  facts.sorted = rows_ascend(graph.adjacency);
  const Csr sorted_copy = facts.sorted ? Csr() : transpose(transpose(graph.adjacency));
  const CsrView a = facts.sorted ? graph.adjacency.view() : sorted_copy.view();
  for (int64_t i = 0; i < a.rows; ++i) {
    facts.max_degree = std::max(facts.max_degree, a.end(i) - a.begin(i));
    for (int64_t e = a.begin(i); e < a.end(i); ++e) {
      facts.self_loops += a.indices[e] == i;
      facts.duplicates += e > a.begin(i) && a.indices[e] == a.indices[e - 1];
    }
  }
  facts.isolated = count_isolated(a);
  facts.symmetric = is_symmetric(a);
  return facts;
}

}  // namespace tersegraph
