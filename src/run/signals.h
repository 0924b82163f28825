#pragma once

#include <signal.h>

#include <atomic>
#include <thread>

namespace tersegraph {

/// While it lives, SIGINT and SIGTERM are taken by a thread of its own: noted once defer() was called (a run ends its
/// epoch and writes what it has), otherwise, and from the second one on, ending the process at once.
///
/// No handler ever runs on a thread that computes: the kernels that oneDNN generates keep other data where the stack
/// pointer points, and a handler's frame would overwrite it. So make it before the first parallel region: threads
/// inherit the blocked signals.
class SignalGuard {
 public:
  SignalGuard();
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  /// From now on the first signal is noted.
  static void defer();
  /// The signal that came; 0: none.
  static int received();

 private:
  void watch();

  sigset_t watched_, outer_mask_;
  std::atomic<bool> ending_{false};
  std::thread watcher_;
};

}  // namespace tersegraph
