#pragma once

#include "run/planning.h"

namespace tersegraph {

/// Plans for 1, 2, 4, ... ranks up to the configuration's, for several links and ways of exchanging rows, on standard
/// output, and which of them is recommended over place.link. Errors: InputError for ADMM and for sharded data.
void print_plan_table(const RunConfig& config, const PlanPlace& place, const Rates& rates, bool as_json);

}  // namespace tersegraph
