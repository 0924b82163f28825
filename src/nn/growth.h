#pragma once

#include "nn/parameters.h"

namespace tersegraph {

/// Fills `deeper`, a model of `deeper_layers` plain layers, from one of `layers` (at least 2) so that both compute the
/// same function: identity layers stand before the last one. Exact, for what enters them is not negative (it comes from
/// a ReLU), as long as neither norms nor skips stand between.
void grow(const Parameters& shallow, int layers, Parameters& deeper, int deeper_layers);

}  // namespace tersegraph
