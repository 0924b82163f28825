#pragma once

#include <nlohmann/json.hpp>

#include "run/planning.h"

namespace tersegraph {

/// What `plan` says of one run, as JSON and in words on standard output. Seconds are missing where no rates are known.
nlohmann::ordered_json plan_json(const PlannedWork& work, const RunPlan& plan, const PlanPlace& place);
void print_plan(const PlannedWork& work, const RunPlan& plan, const PlanPlace& place);

}  // namespace tersegraph
