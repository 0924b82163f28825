#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/csr.h"

namespace tersegraph {

/// A graph as its file gives it: row u of `adjacency` lists v for every edge u -> v, ascending, with edge weights as
/// values (none: all 1). Undirected graphs hold both directions.
struct Graph {
  Csr adjacency;
  bool directed = false;

  int64_t nodes() const { return adjacency.rows(); }
  int64_t edges() const { return adjacency.nnz(); }  ///< directed edges: an undirected one counts twice
};

using Edge = std::pair<int64_t, int64_t>;  ///< (source, target)

struct BuildOptions {
  bool symmetrise = true;         ///< add the reverse of every edge
  bool remove_self_loops = true;  ///< the models add their own
};

/// Sorts, removes duplicates (of weighted duplicates the first stays) and does as `options` ask. `weights` is empty or
/// one an edge. The result is called directed unless it was symmetrised. Errors: InputError when a node is outside
/// 0..nodes-1.
Graph build_graph(int64_t nodes, std::span<const Edge> edges, std::span<const float> weights,
                  const BuildOptions& options);

/// The same from a CSR (row = source) of any order, which is taken over: nothing is copied where nothing has to change.
/// Where both directions of an edge are there with different weights, symmetrising keeps that of the lower row.
Graph build_graph(Csr adjacency, const BuildOptions& options);

/// Makes every row ascend without duplicates; of duplicates the first stays.
void sort_and_deduplicate_rows(Csr& a);

/// Whether a square CSR with ascending rows equals its transpose, values too.
bool is_symmetric(CsrView a);

enum class Normalisation {
  symmetric,    ///< GCN: (D+I)^-1/2 (A+I) (D+I)^-1/2, D = weighted in-degree (Kipf and Welling 2017)
  mean,         ///< GraphSAGE: D^-1 A without self loops; an empty neighbourhood gives 0 (Hamilton et al. 2017)
  random_walk,  ///< (D+I)^-1 (A+I)
  none          ///< A
};

/// The aggregation operator: row i lists the nodes whose rows node i sums (its in-neighbours: the transpose of a
/// directed adjacency), with coefficients. Rows ascend. Edge weights count in degrees and sums. symmetric and
/// random_walk add a loop of weight 1 to nodes without one (an existing loop keeps its weight); mean drops loops. A
/// degree that is not positive gives coefficients 0.
Csr aggregation_operator(const Graph& graph, Normalisation normalisation);

/// The degrees that symmetric scales by, where row i lists the in-neighbours of node i.
std::vector<double> degrees_with_loops(CsrView in_neighbours);

}  // namespace tersegraph
