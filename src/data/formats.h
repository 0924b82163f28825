#pragma once

#include "data/dataset.h"
#include "data/npz.h"

namespace tersegraph {

// One reader a format. Each checks what it reads; names and what no format excludes are left to load_dataset().

/// The schema of docs/data.md.
Dataset read_tersegraph(const NpzReader& npz);

/// Shchur et al., "Pitfalls of Graph Neural Network Evaluation" (2018): adj_indptr, adj_indices, adj_shape, attr_*,
/// labels.
Dataset read_gnn_benchmark(const NpzReader& npz);

/// The same authors' files in which adj_matrix and node_attr are pickled scipy matrices.
Dataset read_pickled_gnn_benchmark(const NpzReader& npz);

/// Platonov et al., "A critical look at the evaluation of GNNs under heterophily" (2023): edges, node_features,
/// node_labels.
Dataset read_heterophilous(const NpzReader& npz);

}  // namespace tersegraph
