#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/csr.h"
#include "base/matrix.h"
#include "nn/gnn_model.h"

namespace tersegraph {

/// Constant rows that layer 0 reads, dense or sparse, with input dropout.
class InputRows {
 public:
  InputRows() = default;
  /// `ids`: the rows' global ids. The rows (and of sparse rows everything that the view points to) and the ids must
  /// outlive this.
  InputRows(ConstMatrixView dense, std::span<const int64_t> ids, float dropout);
  InputRows(CsrView sparse, std::span<const int64_t> ids, float dropout);

  /// The rows for this pass. In training, elements are dropped anew, drawn from (seed, epoch, node, column).
  Operand prepare(const ModelPass& pass);

 private:
  void drop_sparse(StreamKey key);

  ConstMatrixView dense_;
  CsrView sparse_;
  Csr transposed_;
  std::span<const int64_t> ids_;
  float dropout_ = 0.0f;
  Matrix dropped_dense_;                             ///< what is left of dense_
  std::vector<float> dropped_, dropped_transposed_;  ///< and of the values of sparse_ and its transpose
  std::vector<uint64_t> row_keys_;
};

}  // namespace tersegraph
