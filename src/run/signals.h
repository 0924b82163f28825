#pragma once

#include <signal.h>

#include <atomic>
#include <thread>

namespace tersegraph {

/// While it lives, SIGINT, SIGTERM, SIGHUP and SIGUSR1 are taken by a thread of its own: noted once defer() was called
/// (a run ends its epoch and writes what it has), otherwise ending the process at once, with what is half-written. So
/// does SIGINT when a signal was noted before; others are then passed over, since launchers send several. A file that
/// would grow beyond a limit is an error of whoever writes it (SIGXFSZ is ignored).
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
