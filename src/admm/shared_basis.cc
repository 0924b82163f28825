#include "admm/shared_basis.h"

#include "admm/placement.h"
#include "admm/reduced_basis.h"
#include "comm/collectives.h"
#include "kernels/dense_solve.h"

namespace tersegraph {
namespace {

constexpr int kShapeTag = kFirstFreeTag, kBasisTag = kFirstFreeTag + 1;

void send(ConstMatrixView x, int peer, Channel& channel) {
  const int64_t rows = x.rows;
  const auto shape = channel.send(Traffic::placement, peer, kShapeTag, std::as_bytes(std::span(&rows, 1)));
  const auto values = channel.send(Traffic::placement, peer, kBasisTag,
                                   std::as_bytes(std::span(x.data, static_cast<size_t>(x.size()))));
  for (const auto request : {shape, values}) channel.wait(Traffic::placement, request);
}

Matrix receive(int64_t cols, int peer, Channel& channel) {
  int64_t rows = 0;
  channel.wait(Traffic::placement, channel.receive(peer, kShapeTag, std::as_writable_bytes(std::span(&rows, 1))));
  Matrix x(rows, cols);
  channel.wait(
      Traffic::placement,
      channel.receive(peer, kBasisTag, std::as_writable_bytes(std::span(x.data(), static_cast<size_t>(x.size())))));
  return x;
}

}  // namespace

Matrix share_reduced_basis(const Matrix& x, RankAxes axes, Channel& channel) {
  const int rank = channel.rank(), last = axes.rank_of(0, axes.nodes - 1);
  Matrix to_basis;
  if (rank <= last) {
    const Matrix earlier = rank > 0 ? receive(x.cols(), rank - 1, channel) : Matrix();
    const ReducedBasis basis(x, earlier);
    if (rank < last) {
      send(basis.q(), rank + 1, channel);
    } else {
      to_basis.reshape(basis.q().cols(), basis.q().rows());
      transpose(basis.q(), {to_basis.data(), to_basis.cols()});
    }
  }
  broadcast(to_basis, last, Traffic::placement, channel);
  return to_basis;
}

}  // namespace tersegraph
