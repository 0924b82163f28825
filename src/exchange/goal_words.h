#pragma once

#include <string>
#include <string_view>

#include "exchange/bit_assigner.h"

namespace tersegraph {

/// Reads "bytes=0.08", "time=0.2", "error=0.1", "slack" (hidden seconds are then measured) or "slack=0.01,0.02,..."
/// (they are given, one an exchange). "": balance with the given lambda. Errors: InputError.
AssignerGoal parse_goal(std::string_view words, double lambda);

}  // namespace tersegraph
