#include "train/epoch_loop.h"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "comm/collectives.h"
#include "nn/metrics.h"
#include "train/evaluation.h"
#include "train/gather.h"
#include "train/saved_result.h"

namespace tersegraph {

/// What each rank tells the others after an epoch.
struct EpochLoop::EpochRecord {
  double loss = 0.0;
  double seconds = 0.0;
  int64_t stop = 0, checkpoint = 0;
  SentValues sent;
  TrafficBytes bytes{};
};

namespace {

constexpr int64_t kMostRanks = 1 << 16;
const std::string kStagePart = "loop/stage", kStartPart = "loop/stage_start", kResultPart = "loop/result",
                  kRanksPart = "loop/ranks", kSentPart = "loop/sent";

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

void add(std::vector<int64_t>& sums, const std::vector<int64_t>& terms) {
  for (size_t i = 0; i < sums.size(); ++i) sums[i] += terms[i];
}

double mean_bits(SentValues sent) {
  return sent.values > 0 ? static_cast<double>(sent.bits) / static_cast<double>(sent.values) : 32.0;
}

}  // namespace

EpochLoop::EpochLoop(Config config, const Labels& labels, const Split& split, const Shard& shard,
                     const LocalTargets& targets, Channel& channel)
    : config_(config),
      labels_(labels),
      split_(split),
      shard_(shard),
      targets_(targets),
      channel_(channel),
      nodes_{std::ssize(targets.train), std::ssize(targets.val), std::ssize(targets.test)} {
  all_reduce_sum(channel, Traffic::setup, std::span(nodes_));
}

int64_t EpochLoop::record_bytes(int ranks) {
  return all_gather_bytes(sizeof(EpochRecord), ranks);
}

int EpochLoop::first_stage(Observer& observer, size_t stages) {
  const SavedState* const saved = observer.resume_from();
  if (saved == nullptr) return 0;
  const auto stage = saved->get<int64_t>(kStagePart);
  if (stage < 0 || stage >= static_cast<int64_t>(stages)) {
    fail_run("the checkpoint is of stage {}, but the configuration has {}", stage + 1, stages);
  }
  return static_cast<int>(stage);
}

void EpochLoop::begin_stage(Learner& learner, Observer& observer) {
  learner.start();
  const SavedState* const saved = stage_ < 0 ? observer.resume_from() : nullptr;
  if (saved != nullptr) return load(learner, *saved);
  result_.best = {};
  stage_start_ = result_.last.epoch;
  ++stage_;
}

Ending EpochLoop::run(Learner& learner, int epochs, Observer& observer) {
  if (!has_training()) agree(channel_, [] { fail_input("the split has no training nodes"); });
  begin_stage(learner, observer);
  const int64_t last = stage_start_ + epochs;
  const EpochMetrics& best = result_.best;
  for (;;) {
    if (config_.patience > 0 && best.epoch > 0 && result_.last.epoch - best.epoch >= config_.patience) {
      return result_.ending = Ending::patience;
    }
    if (result_.last.epoch >= last) return result_.ending = Ending::finished;
    const int64_t epoch = result_.last.epoch + 1;
    const bool due = epoch == last || (config_.eval_every > 0 && epoch % config_.eval_every == 0);
    Wishes wishes;
    result_.last = run_epoch(learner, epoch, due, observer, wishes);
    result_.epoch_seconds.push_back(result_.last.epoch_seconds);
    const std::optional<Ending> verdict =
        std::isfinite(result_.last.train_loss) ? learner.verdict() : std::optional(Ending::diverged);
    if (verdict && *verdict != Ending::diverged && !result_.last.train_accuracy) score(learner, result_.last);
    if (verdict != Ending::diverged) keep_if_best(learner, result_.last);
    if (channel_.rank() == 0) observer.on_epoch(result_.last);
    if (observer.decides_on_epoch()) {
      const Ledger counted = channel_.ledger();  // a run tells the same numbers, watched or not
      wishes.stop |= all_reduce_max(channel_, Traffic::all_reduce, observer.stop_requested() ? 1 : 0) > 0;
      channel_.ledger() = counted;
    }
    if (verdict) return result_.ending = *verdict;
    if (wishes.stop || wishes.checkpoint) save(learner, observer);
    if (!wishes.stop) continue;
    // Not before the state was saved: the run that goes on from there knows nothing of this evaluation.
    if (!result_.last.train_accuracy) {
      score(learner, result_.last);
      keep_if_best(learner, result_.last);
    }
    return result_.ending = Ending::stopped;
  }
}

EpochMetrics EpochLoop::run_epoch(Learner& learner, int64_t epoch, bool due, Observer& observer, Wishes& wishes) {
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
  mine.stop = observer.stop_requested();
  mine.checkpoint = channel_.rank() == 0 && observer.checkpoint_due(epoch);
  SentValues sent;
  TrafficBytes bytes{};
  for (const EpochRecord& rank : share(channel_, mine)) {
    metrics.train_loss += rank.loss;
    metrics.epoch_seconds = std::max(metrics.epoch_seconds, rank.seconds);
    wishes.stop |= rank.stop != 0;
    wishes.checkpoint |= rank.checkpoint != 0;
    sent.bits += rank.sent.bits;
    sent.values += rank.sent.values;
    for (int kind = 0; kind < kTrafficKinds; ++kind) bytes[kind] += rank.bytes[kind];
  }
  metrics.bytes = by_name(bytes);
  metrics.mean_bits = mean_bits(sent);
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
  const bool first = result_.best.epoch == 0, has_validation = nodes_[1] > 0;
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
  stage_ = -1;
  tell_outputs(learner, result);
  if (channel_.rank() == 0 && result.best.epoch > 0) evaluate_roc_auc(result.outputs, labels_, split_, result.best);
  result.peak_rss_bytes =
      static_cast<int64_t>(all_reduce_max(channel_, Traffic::setup, static_cast<double>(peak_rss_bytes())));
  add_traffic(learner, result);
  return result;
}

/// Of two classes the outputs, which tell the area under the curve too.
int64_t EpochLoop::told_columns(bool gather_outputs, Task task, int64_t outputs) {
  return gather_outputs || task != Task::multiclass || outputs <= 2 ? outputs : 1;
}

void EpochLoop::tell_outputs(Learner& learner, TrainResult& result) {
  if (told_columns(config_.gather_outputs, targets_.task, targets_.outputs) == targets_.outputs) {
    result.outputs = gather_outputs(learner);
    return;
  }
  const std::vector<int32_t> classes = predicted_classes(learner.evaluation_outputs());
  result.classes = gather_classes(classes, shard_.owned, shard_.global_nodes, channel_);
}

/// By kind; bits and values; by peer.
std::vector<int64_t> EpochLoop::sent_so_far(const Learner& learner) const {
  const TrafficBytes& kinds = channel_.ledger().bytes();
  const std::vector<int64_t>& peers = channel_.ledger().bytes_to_peer();
  const SentValues values = learner.sent_values();
  std::vector<int64_t> sent(kinds.begin(), kinds.end());
  sent.insert(sent.end(), {values.bits, values.values});
  sent.insert(sent.end(), peers.begin(), peers.end());
  return sent;
}

void EpochLoop::add_traffic(const Learner& learner, TrainResult& result) {
  const auto total = [&] {
    std::vector<int64_t> sent = sent_so_far(learner);
    if (!not_here_.empty()) add(sent, not_here_);
    return sent;
  };
  std::vector<int64_t> sent = total();
  const std::span<int64_t> values = std::span(sent).subspan(kTrafficKinds, 2);
  all_reduce_sum(channel_, Traffic::setup, values);
  result.mean_bits = mean_bits({values[0], values[1]});

  sent = total();
  const auto to_peers = std::as_bytes(std::span(sent).subspan(kTrafficKinds + 2));
  TrafficBytes totals;
  std::copy_n(sent.begin(), kTrafficKinds, totals.begin());
  for (const auto& row : all_gather(channel_, Traffic::setup, to_peers)) {
    std::vector<int64_t>& to = result.bytes_between_ranks.emplace_back(row.size() / sizeof(int64_t));
    std::memcpy(to.data(), row.data(), to.size() * sizeof(int64_t));
  }
  all_reduce_sum(channel_, Traffic::setup, std::span(totals));
  result.bytes = by_name(totals);
}

// ---- interruptions

/// What it sends is counted nowhere, so that an interrupted run tells the numbers of one that was not.
void EpochLoop::save(Learner& learner, Observer& observer) {
  const Ledger counted = channel_.ledger();
  const std::vector<int64_t> before = sent_so_far(learner);
  SavedState state;
  learner.save(state);

  std::vector<int64_t> since_record(before.begin(), before.begin() + kTrafficKinds + 2);
  for (int kind = 0; kind < kTrafficKinds; ++kind) since_record[kind] -= bytes_before_[kind];
  since_record[kTrafficKinds] -= sent_before_.bits;
  since_record[kTrafficKinds + 1] -= sent_before_.values;
  std::vector<int64_t> mine = before;
  if (!not_here_.empty()) add(mine, not_here_);
  mine.insert(mine.end(), since_record.begin(), since_record.end());
  const auto all = all_gather(channel_, Traffic::setup, std::as_bytes(std::span(mine)));
  if (channel_.rank() == 0) {
    std::vector<std::byte> sent, result;
    for (const auto& rank : all) append_values(sent, rank.data(), std::ssize(rank));
    append_result(result, result_);
    state.set_bytes(kSentPart, std::move(sent));
    state.set_bytes(kResultPart, std::move(result));
    state.set(kStagePart, stage_);
    state.set(kStartPart, stage_start_);
    state.set(kRanksPart, int64_t{channel_.size()});
    observer.on_checkpoint(state);
  }
  channel_.ledger() = counted;
}

void EpochLoop::load(Learner& learner, const SavedState& saved) {
  learner.load(saved);
  ByteReader reader = saved.reader(kResultPart);
  result_ = read_result(reader);
  stage_ = saved.get<int64_t>(kStagePart);
  stage_start_ = saved.get<int64_t>(kStartPart);

  const auto ranks = saved.get<int64_t>(kRanksPart);
  constexpr int64_t kKinds = kTrafficKinds + 2;
  if (ranks < 1 || ranks > kMostRanks) fail_run("the checkpoint is of {} ranks", ranks);
  std::vector<int64_t> sent(static_cast<size_t>(ranks * (kKinds + ranks + kKinds)));
  saved.read_values(kSentPart, std::span(sent));
  // Other ranks than then: the first one stands for all that was sent, and nobody knows to whom.
  not_here_ = sent_so_far(learner);
  std::vector<int64_t> since_record(kKinds, 0);
  for (int64_t& number : not_here_) number = -number;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    const std::span<const int64_t> row = std::span(sent).subspan(rank * (2 * kKinds + ranks), 2 * kKinds + ranks);
    if (ranks == channel_.size() ? rank != channel_.rank() : channel_.rank() != 0) continue;
    for (int64_t i = 0; i < kKinds; ++i) not_here_[i] += row[i], since_record[i] += row[kKinds + ranks + i];
    for (int64_t peer = 0; ranks == channel_.size() && peer < ranks; ++peer) {
      not_here_[kKinds + peer] += row[kKinds + peer];
    }
  }
  const std::vector<int64_t> now = sent_so_far(learner);
  for (int kind = 0; kind < kTrafficKinds; ++kind) bytes_before_[kind] = now[kind] - since_record[kind];
  sent_before_ = {now[kTrafficKinds] - since_record[kTrafficKinds],
                  now[kTrafficKinds + 1] - since_record[kTrafficKinds + 1]};
}

}  // namespace tersegraph
