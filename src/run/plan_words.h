#pragma once

#include <string>
#include <vector>

#include "run/job.h"

namespace tersegraph {

/// What a run will do, in a few lines for people: the graph, the model, the ranks and their parts, memory. host_of as
/// in Communicator.
std::string plan_words(const Job& job, const std::vector<int>& host_of);

/// Bytes of memory that this machine can still give; 0 when that cannot be told.
int64_t available_memory();

/// Bytes of memory that this process holds; 0 when that cannot be told.
int64_t resident_bytes();

}  // namespace tersegraph
