#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace tersegraph {

/// A degree-corrected stochastic block model (Karrer and Newman 2011).
struct SbmSpec {
  int64_t nodes = 20000;
  int64_t edges = 200000;  ///< undirected
  int64_t classes = 8;
  double homophily = 0.6;  ///< share of edges within a class
  double exponent = 1.8;   ///< of the Pareto tail of expected degrees: P(degree > x) ~ x^-exponent
  uint64_t seed = 1;
};

struct SbmGraph {
  Graph graph;  ///< undirected: exactly 2 * edges entries, no loops, no duplicates, rows ascending
  std::vector<int32_t> classes;
};

/// Classes are uniform and weights Pareto-distributed. One end of an edge is drawn by weight, the other by weight from
/// the same class with probability `homophily` and from the other classes otherwise. The same on any number of threads.
/// Holds little beyond the finished graph, since an edge is drawn again rather than kept. Errors: InputError for values
/// out of range and for more edges than the model can place.
SbmGraph generate_sbm(const SbmSpec& spec);

}  // namespace tersegraph
