#pragma once

#include "base/matrix.h"

namespace tersegraph {

/// An orthonormal basis of the span of the training rows: X = R Q with Q (r, d), r <= m. Where d > m, training on R = X
/// Q^T is training on X exactly, since a ridge keeps W_1 in the span of X; and W_1 = Q^T W_r.
class ReducedBasis {
 public:
  /// By twice repeated Gram-Schmidt, block by block. Rows that fp32 cannot tell from combinations of earlier ones add
  /// nothing. `earlier`: the basis of rows that come before x, which is extended.
  explicit ReducedBasis(ConstMatrixView x, ConstMatrixView earlier = {});
  /// From its own rows.
  static ReducedBasis of(Matrix q);

  const Matrix& q() const { return q_; }
  /// x Q^T (rows, r).
  Matrix reduce(ConstMatrixView x) const;
  /// Q^T w (d, n).
  Matrix expand(ConstMatrixView w) const;

 private:
  ReducedBasis() = default;

  Matrix q_;
};

}  // namespace tersegraph
