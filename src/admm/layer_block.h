#pragma once

#include <cstdint>
#include <vector>

#include "admm/column_shards.h"
#include "admm/config.h"
#include "base/matrix.h"
#include "kernels/dense_solve.h"
#include "kernels/gemm.h"
#include "kernels/lu.h"

namespace tersegraph {

/// The variables of one layer, training columns only. A training column is a row here: p (m, in), W (in, out), so that
/// z = p W + b, and every product is a GEMM over long rows. The columns may be cut over ranks: W and b are then the
/// same on all of them, and the subproblems, which see their own columns alone, sum over the others' through `shards`.
struct LayerBlock {
  bool first = false, last = false;
  int64_t in = 0, out = 0;
  float nu = 0.0f, rho = 0.0f;
  float ridge = 0.0f;              ///< nu ridge / 2 ||W - target I||^2
  float target = 0.0f;             ///< 1 for hidden layers
  ColumnShards* shards = nullptr;  ///< null: all training columns are here

  Matrix p, w, b, z;          ///< p is X in the first layer; b (1, out)
  Matrix q, u;                ///< (m, out); empty in the last layer
  Matrix h;                   ///< p W + b, of the newest p, W and b
  bool w_is_implied = false;  ///< W is I + F^T Y with F and Y in the workspace; see low_rank.h
  bool w_is_formed = true;    ///< w is up to date; otherwise form_w() makes it so

  int64_t columns() const { return z.rows(); }
  /// Of all shards together.
  int64_t all_columns() const { return shards != nullptr ? shards->all_columns() : columns(); }

  /// Memory of the subproblems; none of it lives from one iteration to the next but what is said to.
  struct Workspace {
    Cholesky p_factor, w_factor;
    Matrix p_system, w_system;  ///< where those factors live; w_system of the first layer lasts, as X does not change
    Lu p_lu;
    Matrix gram;                  ///< of the centred p; what an implied W needs
    Matrix centred_p, centred_z;  ///< F and Y of an implied W, from one iteration to the next
    Matrix transposed;            ///< W^T; F^T and Y^T side by side of an implied W
    Matrix p_mean, z_mean, coefficients;
    std::vector<double> sums;
    Matrix rhs, gradient, gradient_w, step;
    GemmWorkspace gemm;
    bool w_factored = false;
    float tau = 0.0f, theta = 0.0f;  ///< step constants that backtracking found last
  } work;
};

}  // namespace tersegraph
