#pragma once

#include <cstdint>
#include <vector>

#include "base/csr.h"
#include "base/matrix.h"
#include "data/dataset.h"
#include "graph/graph.h"

namespace tersegraph {

enum class RowNorm { none, sum, euclidean };

struct AugmentConfig {
  int hops = 3;  ///< the highest power: X = [H, A~ H, ..., A~^hops H]
  Normalisation normalisation = Normalisation::symmetric;
  RowNorm row_norm = RowNorm::euclidean;  ///< of H
  /// Divides every hop by the root mean square distance of its training rows from their mean (times sqrt(hops + 1)):
  /// smoothing shrinks features, and a ridge would mistake what is small for what matters little.
  bool scale_hops = true;
};

/// X = [s_0 H, s_1 A~ H, ...] of all nodes, never formed: rows come as asked for, and products go through A~^k (H W_k),
/// so that what is wide stays sparse.
class AugmentedFeatures {
 public:
  /// `training` decides the scales s_k.
  AugmentedFeatures(const Graph& graph, const Features& features, const std::vector<int64_t>& training,
                    const AugmentConfig& config);

  int64_t nodes() const { return operator_.rows(); }
  int64_t cols() const { return static_cast<int64_t>(scales_.size()) * width_; }
  const std::vector<float>& scales() const { return scales_; }

  /// X's rows of these nodes (ids.size(), cols()).
  Matrix rows(const std::vector<int64_t>& ids) const;
  /// The training rows, computed once by the constructor.
  const Matrix& training_rows() const { return training_rows_; }
  /// X w for all nodes (nodes, w.cols); w (cols(), n).
  Matrix multiply(ConstMatrixView w) const;

 private:
  void multiply_features(ConstMatrixView w, MatrixView y, bool accumulate) const;

  int64_t width_ = 0;
  Csr operator_, operator_transposed_;
  Matrix dense_;
  Csr sparse_, sparse_transposed_;
  bool is_sparse_ = false;
  std::vector<float> scales_;
  Matrix training_rows_;
};

}  // namespace tersegraph
