#include "run/run_observer.h"

#include <cstdio>

#include "base/error.h"
#include "run/results.h"

namespace tersegraph {
namespace {

const std::string kSecondsPart = "run/seconds", kBytesPart = "run/bytes";

}  // namespace

RunObserver::RunObserver(Context context, const RunHooks& hooks, RunDirectory* directory, const Timer& wall,
                         ProgressBar* bar, const SavedState* resume)
    : RankObserver(hooks, resume), context_(std::move(context)), directory_(directory), wall_(wall), bar_(bar) {
  if (resume == nullptr) return;
  earlier_seconds_ = resume->get<double>(kSecondsPart);
  bytes_ = resume->values<double>(kBytesPart);
}

void RunObserver::on_epoch(const EpochMetrics& metrics) {
  epoch_ = metrics.epoch;
  bytes_.push_back(static_cast<double>(training_bytes(metrics)));
  std::string error;
  if (directory_ != nullptr && !directory_->append_metrics(metrics, error)) warn(told_of_metrics_, error);
  if (bar_ != nullptr) {
    bar_->show(metrics);
    tell_guard(metrics);
  }
  if (context_.epochs != nullptr) context_.epochs->push_back(metrics);
  if (hooks_.on_epoch) hooks_.on_epoch(metrics);
}

/// Where the guard has raised the narrowest width.
void RunObserver::tell_guard(const EpochMetrics& metrics) {
  const auto& guard = metrics.guard;
  if (guard.empty() || guard.at("raised") == 0) return;
  bar_->clear();
  fmt::print(stderr,
             "tersegraph: epoch {}: rounding moved the gradient by {:.2g} of its length, dropout by {:.2g}; widths are "
             "from {} bits on\n",
             metrics.epoch, guard.at("error"), guard.at("noise"), guard.at("floor"));
}

void RunObserver::on_checkpoint(const SavedState& state) {
  if (directory_ == nullptr) return;
  SavedState whole = state;
  for (const auto& [name, bytes] : context_.common.parts()) whole.set_bytes(name, bytes);
  whole.set(kSecondsPart, wall_seconds());
  whole.set_values(kBytesPart, bytes_);
  save_between({context_.run, epoch_}, std::move(whole));
}

void RunObserver::save_between(CheckpointPlace place, SavedState state) {
  checkpoint_error_.clear();
  try {
    context_.checkpoints.save(place, std::move(state));
  } catch (const RunError& error) {
    checkpoint_error_ = error.what();
    warn(told_of_checkpoints_, checkpoint_error_);
  }
}

int64_t RunObserver::bytes_per_epoch() const {
  return static_cast<int64_t>(median(bytes_));
}

void RunObserver::warn(bool& told, const std::string& error) {
  if (std::exchange(told, true)) return;
  if (bar_ != nullptr) bar_->clear();
  fmt::print(stderr, "tersegraph: warning: {}; training goes on\n", error);
}

void RunObserver::complain(bool stopped) const {
  if (stopped && !checkpoint_error_.empty()) {
    fail_run("stopped without a checkpoint of epoch {}: {}", epoch_, checkpoint_error_);
  }
  if (directory_ != nullptr && directory_->has_unwritten_metrics()) {
    fail_run("{}/metrics.jsonl lacks lines that could not be written; the other results are whole",
             directory_->path().string());
  }
}

}  // namespace tersegraph
