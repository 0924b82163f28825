#pragma once

#include <nlohmann/json_fwd.hpp>

#include "data/describe.h"

namespace tersegraph {

nlohmann::ordered_json to_json(const DatasetFacts& facts);

/// Errors: nlohmann::json::exception for what to_json() does not make.
DatasetFacts facts_of(const nlohmann::ordered_json& json);

}  // namespace tersegraph
