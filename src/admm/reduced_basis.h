#pragma once

#include "base/matrix.h"

namespace tersegraph {

/// An orthonormal basis of the span of the training rows: X = R Q with Q (r, d), r <= m. Where d > m, training on R = X
/// Q^T is training on X exactly, since a ridge keeps W_1 in the span of X; and W_1 = Q^T W_r.
class ReducedBasis {
 public:
  /// By twice repeated Gram-Schmidt, block by block. Rows that fp32 cannot tell from combinations of earlier ones add
  /// nothing.
  explicit ReducedBasis(ConstMatrixView x);

  const Matrix& q() const { return q_; }
  /// x Q^T (rows, r).
  Matrix reduce(ConstMatrixView x) const;
  /// Q^T w (d, n).
  Matrix expand(ConstMatrixView w) const;

 private:
  Matrix q_;
};

}  // namespace tersegraph
