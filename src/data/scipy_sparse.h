#pragma once

#include "data/assemble.h"
#include "data/npz.h"

namespace tersegraph {

/// The square matrix that scipy.sparse.save_npz wrote (csr, csc or coo) as publishers mean it: made undirected,
/// without loops, weights and entries of value 0.
Graph read_scipy_graph(const NpzReader& npz);

}  // namespace tersegraph
