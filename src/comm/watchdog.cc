#include "comm/watchdog.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>

#include "base/error.h"
#include "comm/heartbeat.h"

namespace tersegraph {
namespace {

constexpr double kPatience = 3;  // seconds

}  // namespace

Watchdog::Watchdog(std::vector<Communicator*> ranks, double timeout)
    : ranks_(std::move(ranks)), timeout_(timeout), beat_(std::min(1.0, timeout / 8)), clocks_(ranks_.size()) {
  if (timeout > 0 && ranks_.size() > 1) thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

/// False: the run has ended.
bool Watchdog::sleep(double seconds) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return ending_; });
}

void Watchdog::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (sleep(beat_)) {
    const std::string words = tick();
    if (words.empty()) continue;
    if (sleep(kPatience)) Heartbeat::end_process(fmt::format("tersegraph: {}\n", words), 3);
    return;
  }
}

std::string Watchdog::tick() {
  std::vector<int> waits_for;
  for (size_t rank = 0; rank < ranks_.size(); ++rank) {
    clocks_[rank].tick(ranks_[rank]->waiting());
    waits_for.push_back(clocks_[rank].peer());
  }
  for (size_t rank = 0; rank < ranks_.size(); ++rank) {
    if (!clocks_[rank].too_long(static_cast<int64_t>(std::ceil(timeout_ / beat_)))) continue;
    const auto wait = Waiting::read(ranks_[rank]->waiting().word());
    if (!wait) continue;
    const int lost = end_of_chain(wait->peer, waits_for);
    const std::string reason = fmt::format("rank {} has waited {} (--timeout)", rank, wait->words());
    ranks_[lost]->abort(reason, 3);
    return fmt::format("rank {} failed: {}", lost, reason);
  }
  return "";
}

}  // namespace tersegraph
