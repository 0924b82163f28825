#pragma once

#include <cstdint>

#include "comm/channel.h"
#include "data/dataset.h"

namespace tersegraph {

/// The root mean square distance of rows, which lie on all ranks, from their mean; 0 where they do not differ by more
/// than rounding. The same bits for any number of ranks and any spread of rows over them. Collective. Errors:
/// InputError on all ranks when a value is not finite.
double spread(const Features& rows, Channel& channel);

void scale(Features& rows, float factor);

}  // namespace tersegraph
