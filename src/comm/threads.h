#pragma once

#include <memory>
#include <vector>

#include "comm/communicator.h"

namespace tersegraph {

/// One communicator a rank, for ranks that are threads of this process. A message is one memcpy from the sender's
/// buffer to the receiver's room, made by the rank that comes second, outside every lock. host_of: what they say
/// theirs is; empty: one host.
std::vector<std::unique_ptr<Communicator>> make_thread_communicators(int ranks, const std::vector<int>& host_of = {});

}  // namespace tersegraph
