#pragma once

#include <string_view>
#include <vector>

namespace tersegraph {

/// Numbers separated by commas. Errors: InputError opened by `where`, saying what it takes, for anything else, numbers
/// that are not finite too.
std::vector<double> parse_numbers(std::string_view words, std::string_view where, std::string_view takes);

/// The same for counts from 1 on.
std::vector<int> parse_counts(std::string_view words, std::string_view where);

}  // namespace tersegraph
