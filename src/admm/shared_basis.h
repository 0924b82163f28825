#pragma once

#include "admm/rank_axes.h"
#include "base/matrix.h"
#include "comm/channel.h"

namespace tersegraph {

/// The basis of all training rows of X (see ReducedBasis), of which the ranks of the first layer have a shard each: one
/// after the other extends it by its own, x, and hands it on. Returns Q^T (d, r) on every rank (Traffic::placement).
/// Collective.
Matrix share_reduced_basis(const Matrix& x, RankAxes axes, Channel& channel);

}  // namespace tersegraph
