#pragma once

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "comm/launch.h"

namespace tersegraph::testing {

/// The communicator of this process' rank when the test program runs under mpirun; null otherwise.
inline Communicator*& mpi_rank() {
  static Communicator* communicator = nullptr;
  return communicator;
}

/// Ranks to test with: 1 to 4 threads, or those of mpirun.
inline std::vector<int> rank_counts() {
  const int launched = launched_ranks();
  return launched > 0 ? std::vector{launched} : std::vector{1, 2, 3, 4};
}

inline void run_ranks(int ranks, const std::function<void(Communicator&)>& body) {
  if (mpi_rank() != nullptr) {
    body(*mpi_rank());
  } else {
    run_thread_ranks(ranks, 1, body);
  }
}

inline std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Bytes that differ by seed and position, so that a message in the wrong place shows.
inline std::vector<std::byte> pattern(size_t size, uint32_t seed) {
  std::vector<std::byte> bytes(size);
  uint32_t state = seed * 2654435761u + 1;
  for (std::byte& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

}  // namespace tersegraph::testing
