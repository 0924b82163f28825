#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "data/dataset_rows.h"
#include "data/formats.h"
#include "data/shard_folder.h"
#include "data/synthetic.h"
#include "data/validate.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

/// A format by the name that docs/data.md gives it, its reader, and for some a way to read it row by row.
struct Known {
  std::string format;
  std::function<Dataset()> read;
  std::function<std::unique_ptr<DatasetRows>()> open = {};
};

Known recognise_npz(const NpzReader& npz) {
  if (in_schema(npz)) {
    return {kSchemaName, [&] { return read_tersegraph(npz); }, [&] { return open_tersegraph(npz.path()); }};
  }
  if (npz.has("adj_indptr")) return {"gnn-benchmark", [&] { return read_gnn_benchmark(npz); }};
  if (npz.has("adj_matrix")) return {"gnn-benchmark, pickled", [&] { return read_pickled_gnn_benchmark(npz); }};
  if (npz.has("edges") && npz.has("node_features")) return {"heterophilous", [&] { return read_heterophilous(npz); }};
  if (npz.has("edge_index")) return {"PyTorch Geometric", [&] { return read_pyg(npz); }};
  if (npz.has("edges") && npz.has("target")) return {"MUSAE", [&] { return read_musae(npz); }};
  if (npz.has("node_types")) {
    return {"DGL's Reddit", [&] { return read_dgl_reddit(fs::path(npz.path()).parent_path().string()); }};
  }
  std::vector<std::string> names = npz.names();
  names.resize(std::min<size_t>(names.size(), 12));
  fail_input(
      "{}: is in no known format: its arrays are [{}]; known are Tersegraph's (adj_indptr, adj_indices, ...), "
      "gnn-benchmark's (adj_matrix or adj_*), the heterophilous one (edges, node_features, ...) and PyG's (edge_index, "
      "x, y, ...); see docs/data.md",
      npz.path(), fmt::join(names, ", "));
}

/// The folder's one Planetoid dataset; empty where there is none.
std::string planetoid_in(const std::string& folder) {
  std::string found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("ind.") || !name.ends_with(".graph")) continue;
    if (!found.empty()) fail_input("{}: holds several datasets; name the file, {} say", folder, name);
    found = entry.path().string();
  }
  return found;
}

Known recognise_folder(const std::string& folder) {
  if (is_sharded(folder)) return {"sharded", [=] { return read_sharded(folder); }};
  const auto has = [&](const char* name) { return fs::exists(folder + "/" + name); };
  if (has("raw/data.npz") || has("raw/edge.csv.gz") || has("raw/edge.csv")) {
    return {"OGB node properties", [=] { return read_ogb(folder); }};
  }
  if (has("adj_full.npz")) return {"GraphSAINT", [=] { return read_graphsaint(folder); }};
  if (has("reddit_data.npz")) return {"DGL's Reddit", [=] { return read_dgl_reddit(folder); }};
  if (const std::string graph = planetoid_in(folder); !graph.empty()) {
    return {"Planetoid", [=] { return read_planetoid(graph); }};
  }
  if (!edge_list_in(folder).empty()) {
    return {"edge list in a folder", [=] { return read_edge_list_folder(folder); },
            [=] { return open_edge_list_folder(folder); }};
  }
  fail_input(
      "{}: is a folder in no known format; known are OGB's (raw/edge.csv.gz or raw/data.npz), GraphSAINT's "
      "(adj_full.npz), DGL's Reddit (reddit_data.npz), Planetoid's (ind.<name>.graph) and edge lists (edges.txt); see "
      "docs/data.md",
      folder);
}

bool starts_with(const std::string& path, std::string_view magic) {
  const InputFile file(path);
  std::string bytes(std::min<uint64_t>(file.size(), magic.size()), ' ');
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes == magic;
}

Known recognise_file(const std::string& path) {
  const std::string name = fs::path(path).filename().string();
  if (name.starts_with("ind.") && name.find('.', 4) != std::string::npos) {
    return {"Planetoid", [=] { return read_planetoid(path); }};
  }
  if (name.ends_with(".mtx") || name.ends_with(".mtx.gz") || starts_with(path, "%%MatrixMarket")) {
    return {"MatrixMarket", [=] { return read_matrix_market(path); }};
  }
  return {"edge list", [=] { return read_edge_list(path); }, [=] { return open_edge_list(path); }};
}

/// What a reader refuses is told with the format that the data was taken for.
template <class Read>
auto as(const Known& known, Read&& read) {
  try {
    return read();
  } catch (const InputError& error) {
    fail_input("{} (read as {})", error.what(), known.format);
  }
}

/// use(known) for what a file or folder turns out to be.
template <class Use>
auto recognise(const std::string& path, Use&& use) {
  try {
    std::error_code unreadable;
    if (fs::is_directory(path, unreadable)) return use(recognise_folder(path));
    if (path.ends_with(".npz") || starts_with(path, "PK")) {
      const NpzReader npz(path);
      return use(recognise_npz(npz));
    }
    return use(recognise_file(path));
  } catch (const fs::filesystem_error& error) {
    fail_input("{}: cannot read: {}", path, error.code().message());
  }
}

Dataset read(const Known& known, const std::string& data) {
  return as(known, [&] {
    Dataset dataset = known.read();
    dataset.format = known.format;
    dataset.name = dataset_name(data);
    validate(dataset, data);
    return dataset;
  });
}

/// Rows ascend strictly and lie in 0..cols-1, values are finite.
bool is_plain(std::span<const int32_t> columns, std::span<const float> values, int64_t cols) {
  if (!columns.empty() && (columns.front() < 0 || columns.back() >= cols)) return false;
  return std::ranges::adjacent_find(columns, std::greater_equal<>()) == columns.end() &&
         std::ranges::all_of(values, [](float x) { return std::isfinite(x); });
}

/// Whether edges and features can be used as they are; labels and splits are not looked at.
bool is_plain(const DatasetRows& rows) {
  const DatasetShape shape = rows.shape();
  bool plain = shape.nodes > 0 && shape.features <= kMostFeatures;
  ReverseEdges reverses;
  rows.edges([&](int64_t u, std::span<const int32_t> targets, std::span<const float> weights) {
    plain = plain && is_plain(targets, weights, shape.nodes) &&
            !std::ranges::binary_search(targets, static_cast<int32_t>(u));
    if (plain && !shape.directed) reverses.add(u, targets, weights);
  });
  if (!plain || !reverses.balanced()) return false;
  rows.dense_features([&](int64_t, ConstMatrixView x) {
    plain = plain && std::all_of(x.data, x.data + x.size(), [](float value) { return std::isfinite(value); });
  });
  rows.sparse_features([&](int64_t, std::span<const int32_t> columns, std::span<const float> values) {
    plain = plain && is_plain(columns, values, shape.features);
  });
  return plain;
}

std::unique_ptr<DatasetRows> open(const Known& known, const std::string& data) {
  if (known.open) {
    auto rows = as(known, [&] {
      auto opened = known.open();
      validate_node_data(opened->head(), data);
      return is_plain(*opened) ? std::move(opened) : nullptr;
    });
    if (rows) return rows;
    // What is not plain is mended when it is loaded, or the error is told there.
  }
  return std::make_unique<WholeRows>(read(known, data));
}

}  // namespace

std::string dataset_name(const std::string& path) {
  fs::path name = fs::absolute(path).lexically_normal();
  if (!name.has_filename()) name = name.parent_path();
  std::string stem = name.filename().string();
  if (fs::is_directory(name)) return stem;
  if (stem.starts_with("ind.")) return stem.substr(4, stem.find('.', 4) - 4);
  if (stem.ends_with(".gz")) stem.resize(stem.size() - 3);
  return stem.substr(0, stem.rfind('.'));
}

Dataset load_dataset(const std::string& data) {
  if (is_synthetic(data)) return synthetic_dataset(data);
  return recognise(data, [&](const Known& known) { return read(known, data); });
}

std::unique_ptr<DatasetRows> open_dataset(const std::string& data) {
  if (is_synthetic(data)) return std::make_unique<WholeRows>(synthetic_dataset(data));
  return recognise(data, [&](const Known& known) { return open(known, data); });
}

}  // namespace tersegraph
