#pragma once

#include <string>

#include "data/dataset.h"

namespace tersegraph {

/// Whether `data` is the words of a generated dataset ("sbm:...") rather than a path.
bool is_synthetic(const std::string& data);

/// "sbm:key=value,...": nodes, edges (undirected; 10 a node), features, classes, seed, homophily, exponent, separation
/// (of the class centres in units of the noise, a column), split (shares or per-class:..., with '/' for ','). The same
/// words give the same dataset on any number of threads. Errors: InputError for unknown keys, numbers out of range, and
/// what does not fit into memory.
Dataset synthetic_dataset(const std::string& words);

}  // namespace tersegraph
