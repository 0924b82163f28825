#include "data/scipy_sparse.h"

#include <limits>
#include <vector>

#include "base/error.h"
#include "data/assemble.h"

namespace tersegraph {

Graph read_scipy_graph(const NpzReader& npz) {
  const auto [rows, cols] = shape_of(npz.read("shape"));
  if (rows != cols || rows < 1 || rows > std::numeric_limits<int32_t>::max()) {
    fail_input("{}: the adjacency has {} rows and {} columns", npz.path(), rows, cols);
  }
  const auto values = npz.read_if_there("data");
  if (npz.has("indptr")) {
    // Columns instead of rows (csc) make no difference, since the reverse of every edge is added.
    return undirected_graph(make_csr(rows, cols, npz.read("indptr"), npz.read("indices"), values ? &*values : nullptr));
  }
  if (!npz.has("row")) {
    fail_input("{}: is no scipy matrix in CSR or COO form; write it with scipy.sparse.save_npz(path, a.tocsr())",
               npz.path());
  }
  const auto sources = to_vector<int64_t>(npz.read("row")), targets = to_vector<int64_t>(npz.read("col"));
  const std::vector<float> present = values ? to_vector<float>(*values) : std::vector<float>(sources.size(), 1.0f);
  if (sources.size() != targets.size() || sources.size() != present.size()) {
    fail_input("{}: row, col and data have {}, {} and {} entries", npz.path(), sources.size(), targets.size(),
               present.size());
  }
  check_stated_nodes(rows, std::ssize(sources), npz.path());
  std::vector<Edge> edges;
  for (size_t e = 0; e < sources.size(); ++e) {
    for (const int64_t v : {sources[e], targets[e]}) {
      if (v < 0 || v >= rows) fail_input("{}: entry {} has node {}, outside 0..{}", npz.path(), e, v, rows - 1);
    }
    if (present[e] != 0) edges.emplace_back(sources[e], targets[e]);
  }
  return graph_of_edges(rows, edges, {}, EdgeDirection::symmetrise);
}

}  // namespace tersegraph
