#include "admm/shared_basis.h"

#include "admm/matrix_messages.h"
#include "admm/reduced_basis.h"
#include "kernels/dense_solve.h"

namespace tersegraph {

Matrix share_reduced_basis(const Matrix& x, RankAxes axes, Channel& channel) {
  const int rank = channel.rank(), last = axes.rank_of(0, axes.nodes - 1);
  Matrix to_basis;
  if (rank <= last) {
    const Matrix earlier = rank > 0 ? receive_matrix(rank - 1, Traffic::placement, channel) : Matrix();
    const ReducedBasis basis(x, earlier);
    if (rank < last) {
      send_matrix(basis.q(), rank + 1, Traffic::placement, channel);
    } else {
      to_basis.reshape(basis.q().cols(), basis.q().rows());
      transpose(basis.q(), {to_basis.data(), to_basis.cols()});
    }
  }
  broadcast(to_basis, last, Traffic::placement, channel);
  return to_basis;
}

}  // namespace tersegraph
