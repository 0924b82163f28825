#pragma once

namespace tersegraph {

/// While it lives, SIGINT and SIGTERM are noted instead of ending the process. A second one ends it at once.
class SignalGuard {
 public:
  SignalGuard();
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  /// The signal that came; 0: none.
  static int received();
};

}  // namespace tersegraph
