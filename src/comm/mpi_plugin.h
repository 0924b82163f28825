#pragma once

#include <cstddef>

#include "comm/communicator.h"

namespace tersegraph {

/// What the plugin gives to the program that loads it. Raise kInterface with every change here or in Communicator.
struct MpiPlugin {
  static constexpr int kInterface = 2;

  int interface = kInterface;
  /// Starts MPI unless the process has done so, and returns the communicator of all its ranks. Messages of `piece`
  /// bytes or more travel in pieces (see mpi_plugin.cc). Throws RunError.
  Communicator* (*start)(size_t piece) = nullptr;
  /// Ends MPI if start() began it. Waits for the other ranks to do the same.
  void (*stop)(Communicator*) = nullptr;
};

}  // namespace tersegraph

/// The only symbol of the plugin.
extern "C" const tersegraph::MpiPlugin* tersegraph_mpi_plugin();
