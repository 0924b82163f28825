#pragma once

#include <string>
#include <vector>

#include "comm/communicator.h"

namespace tersegraph {

/// A connected socket to another rank, beside its messages.
struct ControlLink {
  int peer = 0;
  int socket = -1;
};

struct ControlLinks {
  std::vector<ControlLink> links;  ///< of rank 0 one to every other rank; of the others one to rank 0
  std::vector<std::string> hosts;  ///< the name of each rank's machine
};

/// Connects every rank with rank 0 by TCP: over the loopback where all run on one host, otherwise by the first of rank
/// 0's addresses that reaches it. Collective. A rank that none reaches within 10 s is left without, and rank 0 says so
/// on standard error. The sockets are the caller's to close.
ControlLinks connect_control(Communicator& communicator);

}  // namespace tersegraph
