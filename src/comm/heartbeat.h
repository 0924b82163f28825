#pragma once

#include <functional>
#include <memory>
#include <string>

#include "comm/control_links.h"
#include "comm/waiting.h"

namespace tersegraph {

/// Looks for lost ranks where each is a process, in a thread of its own, so that a rank which computes for long still
/// answers and one that is blocked in MPI still ends.
///
/// The ranks are a star around rank 0. Each sends a beat every second, with whom it waits for. A rank is lost when its
/// connection closes (a dead process closes its sockets), when no beat has come from it for min(timeout, 30 s), though
/// at least 5 s, or when another rank has waited `timeout` for a message of it; where the rank waited for waits itself,
/// the one at the end of that chain is lost. Rank 0 decides and tells the others; of rank 0 each decides by itself.
/// Then every process, whatever its main thread is doing, prints one line that names the lost rank and what it had been
/// waiting for itself, and ends with exit code 3.
class Heartbeat {
 public:
  struct Config {
    int rank = 0;
    double timeout = 0;  ///< seconds; 0: only closed connections count
    double beat = 1;     ///< seconds
  };
  /// Called once, in the heartbeat's thread, with the line to print and the exit code; it should not return.
  using End = std::function<void(const std::string& line, int code)>;

  /// Takes the sockets over. `waiting` must outlive it.
  Heartbeat(const Config& config, ControlLinks links, const Waiting& waiting, End end = end_process);
  /// Says goodbye: this rank is no longer there, and not lost.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  /// Goodbye of a rank that has failed and said why: the others end with `code` too.
  void fail(int code);

  /// Prints the line on standard error and ends this process, 2 s later so that all have time for theirs.
  static void end_process(const std::string& line, int code);

 private:
  class Pulse;
  std::unique_ptr<Pulse> pulse_;
};

}  // namespace tersegraph
