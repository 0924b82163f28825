#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/dataset_rows.h"
#include "data/npz.h"

namespace tersegraph {

// One reader a format. Each checks what it reads; names and what no format excludes are left to load_dataset().

/// The schema of docs/data.md.
constexpr const char* kSchemaName = "Tersegraph";
bool in_schema(const NpzReader& npz);
Dataset read_tersegraph(const NpzReader& npz);
std::unique_ptr<DatasetRows> open_tersegraph(const std::string& path);
/// The same without features and without the graph's columns and weights: only its row pointers are there.
Dataset read_head(const NpzReader& npz);

/// Shchur et al., "Pitfalls of Graph Neural Network Evaluation" (2018): adj_indptr, adj_indices, adj_shape, attr_*,
/// labels.
Dataset read_gnn_benchmark(const NpzReader& npz);

/// The same authors' files in which adj_matrix and node_attr are pickled scipy matrices.
Dataset read_pickled_gnn_benchmark(const NpzReader& npz);

/// Platonov et al., "A critical look at the evaluation of GNNs under heterophily" (2023): edges, node_features,
/// node_labels.
Dataset read_heterophilous(const NpzReader& npz);

/// PyTorch Geometric's names: edge_index (2, m), x, y, train_mask, val_mask, test_mask.
Dataset read_pyg(const NpzReader& npz);

/// Rozemberczki et al., "Multi-scale attributed node embedding" (2021), as PyTorch Geometric fetches it: edges (m, 2),
/// features, target.
Dataset read_musae(const NpzReader& npz);

/// Hu et al., "Open Graph Benchmark" (2020), node properties: raw/ in its csv or binary layout, split/.
Dataset read_ogb(const std::string& folder);

/// Zeng et al., "GraphSAINT" (2020): adj_full.npz, feats.npy, class_map.json, role.json.
Dataset read_graphsaint(const std::string& folder);

/// DGL's Reddit: reddit_data.npz beside reddit_graph.npz or reddit_self_loop_graph.npz.
Dataset read_dgl_reddit(const std::string& folder);

/// Yang et al., "Revisiting semi-supervised learning with graph embeddings" (2016): ind.<name>.*, of which `path` is
/// one.
Dataset read_planetoid(const std::string& path);

/// MatrixMarket coordinates.
Dataset read_matrix_market(const std::string& path);

/// A text of edges, or of adjacency lines under their count.
Dataset read_edge_list(const std::string& path);
std::unique_ptr<DatasetRows> open_edge_list(const std::string& path);

/// The edge list of a folder in our layout; empty where there is none.
std::string edge_list_in(const std::string& folder);

/// That list with features.npy, labels.npy and the sets train.txt, val.txt and test.txt beside it.
Dataset read_edge_list_folder(const std::string& folder);
std::unique_ptr<DatasetRows> open_edge_list_folder(const std::string& folder);

/// One node a line, made to ascend.
std::vector<int64_t> read_node_set(const std::string& path, int64_t nodes);

/// What a dataset is called: "cora" of "data/cora.npz", "data/cora/" and "ind.cora.graph".
std::string dataset_name(const std::string& path);

}  // namespace tersegraph
