#include "admm/q_u_update.h"

#include <algorithm>

#include "admm/elements.h"
#include "admm/nonlinearity.h"

namespace tersegraph {

void solve_q(Nonlinearity f, float rho, float nu, ConstMatrixView p, ConstMatrixView u, ConstMatrixView z,
             MatrixView q) {
  const float share = 1.0f / (rho + nu);
  parallel_elements(q.size(), [&](int64_t begin, int64_t end) {
    if (f == Nonlinearity::relu) {
      for (int64_t i = begin; i < end; ++i) {
        q.data[i] = share * (rho * p.data[i] + u.data[i] + nu * std::max(z.data[i], 0.0f));
      }
    } else {
      for (int64_t i = begin; i < end; ++i) {
        q.data[i] = share * (rho * p.data[i] + u.data[i] + nu * activate(f, z.data[i]));
      }
    }
  });
}

void update_u(float rho, ConstMatrixView p, ConstMatrixView q, MatrixView u) {
  parallel_elements(u.size(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) u.data[i] += rho * (p.data[i] - q.data[i]);
  });
}

}  // namespace tersegraph
