#pragma once

#include <string>
#include <string_view>

#include "exchange/link_model.h"

namespace tersegraph {

/// Reads the links between all hosts: one for all ("1gbit,50us"), or every directed pair ("0>1 1gbit,50us; 1>0 free").
/// Errors: InputError.
LinkModel parse_links(std::string_view words, int hosts);

/// The words; parse_links(print_links(model)) prints the same again.
std::string print_links(const LinkModel& links);

}  // namespace tersegraph
