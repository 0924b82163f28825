#include "comm/deadline.h"

#include <fmt/format.h>

#include <chrono>
#include <csignal>

#include "comm/heartbeat.h"

namespace tersegraph {

Deadline::Deadline(double seconds, std::string words) {
  if (seconds > 0) thread_ = std::thread([this, seconds, words = std::move(words)] { run(seconds, words); });
}

Deadline::~Deadline() {
  {
    const std::lock_guard lock(mutex_);
    met_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Deadline::run(double seconds, const std::string& words) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  const bool met = changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return met_; });
  if (!met) Heartbeat::end_process(fmt::format("tersegraph: {}\n", words), 3);
}

}  // namespace tersegraph
