#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "comm/communicator.h"

namespace tersegraph {

/// Ends a run whose ranks are threads of this process when one of them has waited `timeout` seconds for a message: the
/// calls of all ranks throw RunError naming the rank that it comes to. Where that one does not return to its
/// communicator within 3 s, the process ends with exit code 3.
class Watchdog {
 public:
  /// By rank; they must outlive it. timeout 0: never.
  Watchdog(std::vector<Communicator*> ranks, double timeout);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void run();
  /// What to say when a rank has waited too long; "": none has.
  std::string tick();
  bool sleep(double seconds);

  const std::vector<Communicator*> ranks_;
  const double timeout_, beat_;
  std::vector<WaitClock> clocks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tersegraph
