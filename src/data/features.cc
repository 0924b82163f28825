#include "data/features.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "base/parallel.h"

namespace tersegraph {
namespace {

constexpr int64_t kRowBlock = 256;

Csr take_sparse(CsrView x, std::span<const int64_t> rows) {
  Csr taken;
  taken.cols = x.cols;
  taken.indptr.reserve(rows.size() + 1);
  for (const int64_t row : rows) taken.indptr.push_back(taken.nnz() + x.end(row) - x.begin(row));
  taken.indices.resize(taken.nnz());
  taken.values.resize(taken.nnz());
  parallel_blocks(taken.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      int64_t slot = taken.indptr[i];
      for (int64_t e = x.begin(rows[i]); e < x.end(rows[i]); ++e, ++slot) {
        taken.indices[slot] = x.indices[e];
        taken.values[slot] = x.value(e);
      }
    }
  });
  return taken;
}

}  // namespace

Features take_rows(const Features& x, std::span<const int64_t> rows, int64_t room) {
  Features taken;
  taken.is_sparse = x.is_sparse;
  if (x.is_sparse) {
    taken.sparse = take_sparse(x.sparse, rows);
    return taken;
  }
  const auto count = static_cast<int64_t>(rows.size());
  taken.dense.reshape(count + room, x.cols());
  parallel_blocks(count, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) std::copy_n(x.dense.row(rows[i]), x.cols(), taken.dense.row(i));
  });
  return taken;
}

void normalize_rows(Features& features) {
  if (features.dense.borrowed()) {
    Matrix own(features.dense.rows(), features.dense.cols());
    std::copy_n(features.dense.data(), features.dense.size(), own.data());
    features.dense = std::move(own);
  }
  Csr& sparse = features.sparse;
  if (features.is_sparse && !sparse.weighted()) sparse.values.assign(sparse.indices.size(), 1.0f);
  const auto row = [&](int64_t i) {
    if (!features.is_sparse) return std::span<float>(features.dense.row(i), static_cast<size_t>(features.dense.cols()));
    return std::span<float>(sparse.values).subspan(sparse.indptr[i], sparse.indptr[i + 1] - sparse.indptr[i]);
  };
  constexpr int64_t kBlock = 1024;
  parallel_blocks(features.rows(), kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const std::span<float> values = row(i);
      const double sum = std::accumulate(values.begin(), values.end(), 0.0);
      if (sum == 0) continue;
      for (float& value : values) value = static_cast<float>(value / sum);
    }
  });
}

}  // namespace tersegraph
