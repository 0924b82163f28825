#include "train/epoch_loop.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "comm/collectives.h"
#include "train/evaluation.h"
#include "train/gather.h"

namespace tersegraph {

/// What each rank tells the others after an epoch.
struct EpochLoop::EpochRecord {
  double loss = 0.0;
  double seconds = 0.0;
  int64_t stop = 0;
  SentValues sent;
  TrafficBytes bytes{};
};

namespace {

template <class Record>
std::vector<Record> share(Channel& channel, const Record& mine) {
  std::vector<Record> records;
  for (const auto& bytes : all_gather(channel, Traffic::all_reduce, std::as_bytes(std::span(&mine, 1)))) {
    if (bytes.size() != sizeof(Record)) fail_run("a rank sent a malformed record of its epoch");
    std::memcpy(&records.emplace_back(), bytes.data(), sizeof(Record));
  }
  return records;
}

int64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

std::map<std::string, int64_t> by_name(const TrafficBytes& bytes) {
  std::map<std::string, int64_t> named;
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    if (bytes[kind] > 0) named[std::string(traffic_name(static_cast<Traffic>(kind)))] = bytes[kind];
  }
  return named;
}

double mean_bits(SentValues sent) {
  return sent.values > 0 ? static_cast<double>(sent.bits) / static_cast<double>(sent.values) : 32.0;
}

}  // namespace

EpochLoop::EpochLoop(Config config, const Dataset& dataset, const Split& split, const Shard& shard,
                     const LocalTargets& targets, Channel& channel)
    : config_(config), labels_(dataset.labels), split_(split), shard_(shard), targets_(targets), channel_(channel) {}

Ending EpochLoop::run(Learner& learner, int epochs, Observer& observer) {
  if (split_.train.empty()) agree(channel_, [] { fail_input("the split has no training nodes"); });
  learner.start();
  result_.best = {};
  const int64_t first = result_.last.epoch + 1, last = result_.last.epoch + epochs;
  for (int64_t epoch = first; epoch <= last; ++epoch) {
    const bool due = epoch == last || (config_.eval_every > 0 && epoch % config_.eval_every == 0);
    bool stop = false;
    result_.last = run_epoch(learner, epoch, due, observer, stop);
    result_.epoch_seconds.push_back(result_.last.epoch_seconds);
    const std::optional<Ending> verdict =
        std::isfinite(result_.last.train_loss) ? learner.verdict() : std::optional(Ending::diverged);
    if (verdict && *verdict != Ending::diverged && !result_.last.train_accuracy) score(learner, result_.last);
    if (verdict != Ending::diverged) keep_if_best(learner, result_.last);
    if (channel_.rank() == 0) observer.on_epoch(result_.last);
    if (verdict) return result_.ending = *verdict;
    if (stop) return result_.ending = Ending::stopped;
    if (config_.patience > 0 && result_.best.epoch > 0 && epoch - result_.best.epoch >= config_.patience) {
      return result_.ending = Ending::patience;
    }
  }
  return result_.ending = Ending::finished;
}

EpochMetrics EpochLoop::run_epoch(Learner& learner, int64_t epoch, bool due, Observer& observer, bool& stop) {
  EpochMetrics metrics;
  metrics.epoch = epoch;
  const Timer timer;
  learner.train_epoch(metrics);
  const double seconds = timer.seconds();
  const double loss_part = learner.loss(metrics);
  if (due) score(learner, metrics);

  EpochRecord mine = account(learner);
  mine.loss = loss_part;
  mine.seconds = seconds;
  mine.stop = channel_.rank() == 0 && observer.stop_requested();
  SentValues sent;
  TrafficBytes bytes{};
  for (const EpochRecord& rank : share(channel_, mine)) {
    metrics.train_loss += rank.loss;
    metrics.epoch_seconds = std::max(metrics.epoch_seconds, rank.seconds);
    stop = stop || rank.stop != 0;
    sent.bits += rank.sent.bits;
    sent.values += rank.sent.values;
    for (int kind = 0; kind < kTrafficKinds; ++kind) bytes[kind] += rank.bytes[kind];
  }
  metrics.bytes = by_name(bytes);
  metrics.mean_bits = mean_bits(sent);
  if (stop && !due) score(learner, metrics);
  return metrics;
}

/// This rank's record of the epoch: what was sent since the last one, and what the caller fills in.
EpochLoop::EpochRecord EpochLoop::account(const Learner& learner) {
  EpochRecord mine;
  const SentValues sent = learner.sent_values();
  mine.sent = {sent.bits - sent_before_.bits, sent.values - sent_before_.values};
  sent_before_ = sent;
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    mine.bytes[kind] = channel_.ledger().bytes()[kind] - bytes_before_[kind];
  }
  bytes_before_ = channel_.ledger().bytes();
  return mine;
}

void EpochLoop::score(Learner& learner, EpochMetrics& metrics) {
  PhaseTimer timer(metrics.seconds, "evaluation");
  evaluate(learner.evaluation_outputs(), targets_, channel_, metrics);
}

void EpochLoop::keep_if_best(Learner& learner, const EpochMetrics& metrics) {
  if (!metrics.train_accuracy) return;
  const bool first = result_.best.epoch == 0, has_validation = !split_.val.empty();
  if (!first && has_validation && !(*metrics.val_accuracy > *result_.best.val_accuracy)) return;
  result_.best = metrics;
  learner.save_best();
}

Matrix EpochLoop::gather_outputs(Learner& learner) {
  return gather_rows(learner.evaluation_outputs(), shard_.owned, shard_.global_nodes, channel_);
}

TrainResult EpochLoop::finish(Learner& learner) {
  learner.restore_best();
  TrainResult result = std::exchange(result_, {});
  result.outputs = gather_outputs(learner);
  if (channel_.rank() == 0 && result.best.epoch > 0) evaluate_roc_auc(result.outputs, labels_, split_, result.best);
  result.peak_rss_bytes =
      static_cast<int64_t>(all_reduce_max(channel_, Traffic::setup, static_cast<double>(peak_rss_bytes())));
  add_traffic(learner, result);
  return result;
}

void EpochLoop::add_traffic(const Learner& learner, TrainResult& result) {
  const SentValues sent = learner.sent_values();
  int64_t sums[] = {sent.bits, sent.values};
  all_reduce_sum(channel_, Traffic::setup, std::span(sums));
  result.mean_bits = mean_bits({sums[0], sums[1]});

  TrafficBytes totals = channel_.ledger().bytes();
  const std::vector<int64_t> to_peers = channel_.ledger().bytes_to_peer();
  for (const auto& row : all_gather(channel_, Traffic::setup, std::as_bytes(std::span(to_peers)))) {
    std::vector<int64_t>& to = result.bytes_between_ranks.emplace_back(row.size() / sizeof(int64_t));
    std::memcpy(to.data(), row.data(), to.size() * sizeof(int64_t));
  }
  all_reduce_sum(channel_, Traffic::setup, std::span(totals));
  result.bytes = by_name(totals);
}

}  // namespace tersegraph
