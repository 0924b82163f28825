#include "data/features.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "base/parallel.h"

namespace tersegraph {

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
