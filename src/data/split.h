#pragma once

#include <cstdint>
#include <string>

#include "data/dataset.h"

namespace tersegraph {

/// To go over a split's sets.
inline constexpr std::vector<int64_t> Split::*kSplitSets[] = {&Split::train, &Split::val, &Split::test};

/// The split to train on.
/// spec "" or "public": split number `index` of the dataset's own (errors: none there, index out of range);
/// "0.6,0.2,0.2": these shares of the labelled nodes, drawn with `seed`, stratified by nothing;
/// "per-class:20,500,1000": 20 training nodes a class, then 500 validation and 1000 test nodes of the rest (Planetoid's
/// rule). Errors: InputError for malformed words, shares over 1, no training node, masks that overlap.
Split choose_split(const Dataset& dataset, const std::string& spec, int index, uint64_t seed);

}  // namespace tersegraph
