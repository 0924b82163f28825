#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tersegraph {

/// Edits (insert, delete, replace, swap two neighbours) that turn a into b.
int edit_distance(std::string_view a, std::string_view b);

/// "; did you mean X?" for the nearest of `known`, where one is near enough to be meant; otherwise "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace tersegraph
