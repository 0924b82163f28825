#include "plan/simulation.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>

namespace tersegraph {
namespace {

/// A rank is ready to send the message to its `step`-th peer.
struct Send {
  double time;
  int rank, stage, step;
  bool operator>(const Send& other) const {
    return std::tie(time, stage, rank) > std::tie(other.time, other.stage, other.rank);
  }
};

class Simulation {
 public:
  Simulation(std::span<const ExchangeStage> stages, const LinkModel& links, std::span<const int> host_of)
      : stages_(stages),
        links_(links),
        host_of_(host_of),
        ranks_(static_cast<int>(host_of.size())),
        out_free_(links.hosts(), 0.0),
        in_free_(links.hosts(), 0.0),
        stage_of_(host_of.size(), -1),
        ready_(host_of.size(), 0.0),
        missing_(stages.size() * host_of.size(), 0),
        came_(stages.size() * host_of.size(), 0.0) {
    result_.exposed.assign(host_of.size(), 0.0);
    for (size_t s = 0; s < stages.size(); ++s) {
      for (size_t k = 0; k < stages[s].bytes.size(); ++k) missing_[s * ranks_ + k % ranks_] += stages[s].bytes[k] > 0;
    }
  }

  SimulatedEpoch run() {
    for (int r = 0; r < ranks_; ++r) begin_stage(r, 0.0);
    while (!sends_.empty()) {
      const Send next = sends_.top();
      sends_.pop();
      send(next);
    }
    return std::move(result_);
  }

 private:
  double bytes(int stage, int from, int to) const {
    const std::vector<double>& all = stages_[stage].bytes;
    return all.empty() ? 0.0 : all[static_cast<size_t>(from) * ranks_ + to];
  }

  void begin_stage(int rank, double time) {
    for (;;) {
      const int stage = ++stage_of_[rank];
      if (stage == static_cast<int>(stages_.size())) {
        result_.seconds = std::max(result_.seconds, time);
        return;
      }
      const double sent = time + stages_[stage].before[rank];
      ready_[rank] = sent + stages_[stage].hidden[rank];
      if (!stages_[stage].bytes.empty()) sends_.push({sent, rank, stage, 1});
      if (missing(stage, rank) > 0) return;
      time = go_on(rank, stage);
    }
  }

  /// When the rank leaves the stage.
  double go_on(int rank, int stage) {
    const double came = came_[static_cast<size_t>(stage) * ranks_ + rank];
    result_.exposed[rank] += std::max(came - ready_[rank], 0.0);
    return std::max(came, ready_[rank]);
  }

  void send(const Send& send) {
    int step = send.step;
    while (step < ranks_ && !(bytes(send.stage, send.rank, (send.rank + step) % ranks_) > 0)) ++step;
    if (step >= ranks_) return;
    const int to = (send.rank + step) % ranks_, from_host = host_of_[send.rank], to_host = host_of_[to];
    const double seconds = links_.link(from_host, to_host).seconds(bytes(send.stage, send.rank, to));
    double left = send.time, came = send.time + seconds;
    if (from_host != to_host) {
      const double start = std::max(send.time, out_free_[from_host]);
      left = out_free_[from_host] = start + seconds;
      came = in_free_[to_host] = std::max(start, in_free_[to_host]) + seconds;
    }
    if (step + 1 < ranks_) sends_.push({left, send.rank, send.stage, step + 1});
    arrive(to, send.stage, came);
  }

  void arrive(int rank, int stage, double time) {
    const size_t place = static_cast<size_t>(stage) * ranks_ + rank;
    came_[place] = std::max(came_[place], time);
    if (--missing_[place] == 0 && stage_of_[rank] == stage) begin_stage(rank, go_on(rank, stage));
  }

  int missing(int stage, int rank) const { return missing_[static_cast<size_t>(stage) * ranks_ + rank]; }

  std::span<const ExchangeStage> stages_;
  const LinkModel& links_;
  std::span<const int> host_of_;
  const int ranks_;
  std::vector<double> out_free_, in_free_;  ///< by host
  std::vector<int> stage_of_;               ///< by rank
  std::vector<double> ready_;               ///< by rank: the end of its hidden work
  std::vector<int> missing_;                ///< by stage and rank: messages on their way
  std::vector<double> came_;                ///< by stage and rank: when the last came
  std::priority_queue<Send, std::vector<Send>, std::greater<>> sends_;
  SimulatedEpoch result_;
};

}  // namespace

SimulatedEpoch simulate_epoch(std::span<const ExchangeStage> stages, const LinkModel& links,
                              std::span<const int> host_of) {
  return Simulation(stages, links, host_of).run();
}

}  // namespace tersegraph
