#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "comm/ledger.h"

namespace tersegraph {

/// One message that a rank waits for.
struct Wait {
  Traffic kind{};
  int peer = 0;
  bool sends = false;  ///< the rank waits for `peer` to take it
  double seconds = 0;  ///< since it began

  /// "3.2 s for the halo_forward message of rank 2"
  std::string words() const;
};

/// What a rank waits for at the moment: written by the rank, read by the thread that looks for lost ranks. One word, so
/// that a reader never sees half of a change; 0: nothing.
class Waiting {
 public:
  void begin(Traffic kind, int peer, bool sends);
  void end() { word_.store(0, std::memory_order_relaxed); }
  uint64_t word() const { return word_.load(std::memory_order_relaxed); }
  static std::optional<Wait> read(uint64_t word);

 private:
  std::atomic<uint64_t> word_{0};
};

/// For how long a rank has waited for the same message, in ticks of the thread that looks: time in which all processes
/// of a job were stopped, as Slurm does to suspend it, does not count.
class WaitClock {
 public:
  void tick(const Waiting& waiting);
  int64_t ticks() const { return ticks_; }
  /// Whether that is `limit` ticks or more (0: never). Of the setup no wait is too long: loading the data, or their
  /// partition by rank 0, takes as long as it takes.
  bool too_long(int64_t limit) const;
  /// Whom the rank waits for since the last tick at least; -1: nobody.
  int peer() const;

 private:
  uint64_t word_ = 0;
  int64_t ticks_ = 0;
};

/// The rank at the end of a chain of ranks that wait for each other, from `first` on: waits_for[r] is whom rank r waits
/// for, or -1. `first` itself where they wait in a ring.
int end_of_chain(int first, std::span<const int> waits_for);

}  // namespace tersegraph
