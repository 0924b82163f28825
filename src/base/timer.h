#pragma once

#include <chrono>
#include <map>
#include <string>

namespace tersegraph {

class Timer {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  void restart() { start_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// Seconds by phase ("spmm", "gemm", "wait", ...).
using PhaseSeconds = std::map<std::string, double, std::less<>>;

/// Adds the time of its scope to a phase.
class PhaseTimer {
 public:
  PhaseTimer(PhaseSeconds& phases, const char* phase) : phases_(phases), phase_(phase) {}
  ~PhaseTimer() {
    auto found = phases_.find(phase_);
    if (found == phases_.end()) found = phases_.emplace(phase_, 0.0).first;
    found->second += timer_.seconds();
  }
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

 private:
  PhaseSeconds& phases_;
  const char* phase_;
  Timer timer_;
};

}  // namespace tersegraph
