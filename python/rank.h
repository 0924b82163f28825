#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "comm/channel.h"
#include "comm/launch.h"
#include "comm/threads.h"
#include "comm/watchdog.h"
#include "exchange/halo_rows.h"

namespace tersegraph::python {

/// Ranks that are threads of this process.
struct ThreadWorld {
  std::vector<std::unique_ptr<Communicator>> communicators;
  std::optional<Watchdog> watchdog = {};
};

/// A rank that Python code runs as. Its calls come from one thread at a time and wait without the GIL.
class Rank {
 public:
  Rank(std::shared_ptr<ThreadWorld> world, int rank)
      : world_(std::move(world)), channel_(std::in_place, *world_->communicators[rank]) {}
  explicit Rank(double timeout)
      : process_(std::in_place, 0, timeout), channel_(std::in_place, process_->communicator()) {}

  Channel& channel() {
    if (!channel_) fail_run("the ranks of this process have been closed");
    return *channel_;
  }

  /// What it makes is gone once the rank is closed.
  std::shared_ptr<std::unique_ptr<HaloRows>> hold(std::unique_ptr<HaloRows> rows) {
    std::erase_if(held_, [](const auto& held) { return held.expired(); });
    const auto slot = std::make_shared<std::unique_ptr<HaloRows>>(std::move(rows));
    held_.push_back(slot);
    return slot;
  }

  /// Waits for the other processes to do the same.
  void close() {
    for (const auto& held : held_) {
      if (const auto slot = held.lock()) slot->reset();
    }
    channel_.reset();
    process_.reset();
    world_.reset();
  }

  /// Ends the others, whatever they wait for: their process, or their calls.
  void fail(const std::string& reason, int code) {
    if (process_) process_->end_job("", code);
    if (channel_) channel_->communicator().abort(reason, code);
  }

 private:
  std::shared_ptr<ThreadWorld> world_;
  std::optional<MpiRank> process_;
  std::optional<Channel> channel_;
  std::vector<std::weak_ptr<std::unique_ptr<HaloRows>>> held_;
};

}  // namespace tersegraph::python
