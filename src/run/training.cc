#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>

#include "base/error.h"
#include "comm/collectives.h"
#include "comm/launch.h"
#include "run/config.h"
#include "run/cores.h"
#include "run/job.h"
#include "run/plan_words.h"
#include "run/progress.h"
#include "run/results.h"
#include "run/run_directory.h"
#include "run/run_files.h"
#include "run/signals.h"
#include "run/trainers.h"
#include "run/units.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

/// What rank 0 does between epochs.
class RunObserver : public Observer {
 public:
  RunObserver(RunDirectory& directory, ProgressBar* bar) : directory_(directory), bar_(bar) {}

  void on_epoch(const EpochMetrics& metrics) override {
    directory_.append_metrics(metrics);
    bytes_.push_back(static_cast<double>(training_bytes(metrics)));
    if (bar_ != nullptr) bar_->show(metrics);
  }
  bool stop_requested() override { return SignalGuard::received() != 0; }

  int64_t bytes_per_epoch() const { return static_cast<int64_t>(median(bytes_)); }

 private:
  RunDirectory& directory_;
  ProgressBar* bar_;
  std::vector<double> bytes_;
};

std::string result_words(const RunConfig& config, const RunRecord& record) {
  const TrainResult& result = record.result;
  auto score = [](const char* name, const std::optional<double>& value) {
    return value ? fmt::format("{} {:.4f}, ", name, *value) : std::string();
  };
  const std::string scores =
      score("test accuracy", result.best.test_accuracy) + score("validation", result.best.val_accuracy);
  int64_t bytes = 0;
  for (const auto& [kind, sent] : result.bytes) bytes += sent;
  return fmt::format("{}{}{} at epoch {} of {} ({}); {} an epoch, {} sent\n",
                     config.runs > 1 ? fmt::format("seed {}: ", record.seed) : "", scores,
                     fmt::format("loss {:.4f}", result.best.train_loss), result.best.epoch, result.epoch_seconds.size(),
                     ending_name(result.ending), format_seconds(median(result.epoch_seconds)),
                     format_bytes(static_cast<double>(bytes)));
}

/// One rank's part in a whole run.
class RankRun {
 public:
  RankRun(Channel& channel, const Job& job, const Timer& since_start)
      : channel_(channel), job_(job), wall_(since_start) {}

  RunOutcome run() {
    for (int64_t index = 0; index < job_.config.runs; ++index) {
      const Ending ending = train_seed(index);
      wall_.restart();
      if (ending != Ending::stopped) continue;
      // The signal may have reached rank 0 alone.
      outcome_.signal = SignalGuard::received() != 0 ? SignalGuard::received() : SIGTERM;
      break;
    }
    if (job_.config.runs > 1)
      agree_on_rank0([&] { top_->write("summary.json", summarise(job_.config, records_).dump(2) + "\n"); });
    for (const RunRecord& record : records_) outcome_.runs.push_back(to_run_result(record));
    if (top_) outcome_.directory = top_->path().string();
    return std::move(outcome_);
  }

 private:
  template <class Step>
  void agree_on_rank0(Step step) {
    agree(channel_, [&] {
      if (channel_.rank() == 0) step();
    });
  }

  // The configuration that repeats the run of one seed.
  RunConfig config_of(int64_t index) const {
    RunConfig config = job_.config;
    config.seed += index;
    config.runs = 1;
    return config;
  }

  // Only once nothing can be wrong with the input any more, so that bad input leaves nothing behind.
  RunDirectory& open_directory(int64_t index) {
    if (!top_) {
      top_.emplace(job_.config.out);
      top_->write("config.toml", to_toml(job_.config));
      if (!job_.config.quiet) fmt::print("output  {}\n", job_.config.out);
      std::fflush(stdout);
    }
    if (job_.config.runs == 1) return *top_;
    const RunConfig config = config_of(index);
    seed_directory_.emplace(top_->path() / fmt::format("run-{}", config.seed));
    seed_directory_->write("config.toml", to_toml(config));
    return *seed_directory_;
  }

  Ending train_seed(int64_t index) {
    const std::unique_ptr<Trainer> trainer = make_trainer(job_, index, channel_);
    RunDirectory* directory = nullptr;
    agree_on_rank0([&] { directory = &open_directory(index); });
    if (channel_.rank() != 0) {
      Observer nobody;
      const Ending ending = trainer->train(nobody).ending;
      agree_on_rank0([] {});
      return ending;
    }

    std::optional<ProgressBar> bar;
    if (!job_.config.quiet) bar.emplace(stderr, job_.config.epochs, bar_title(index));
    RunObserver observer(*directory, bar ? &*bar : nullptr);
    RunRecord record;
    record.result = trainer->train(observer);
    bar.reset();
    record.seed = job_.config.seed + index;
    record.wall_seconds = wall_.seconds();
    record.bytes_per_epoch = observer.bytes_per_epoch();
    agree_on_rank0([&] { write_results(*directory, job_.dataset, config_of(index), record, trainer->parameters()); });
    if (!job_.config.quiet) fmt::print("{}", result_words(job_.config, record));
    std::fflush(stdout);
    record.result.outputs = Matrix();
    records_.push_back(std::move(record));
    return records_.back().result.ending;
  }

  std::string bar_title(int64_t index) const {
    return job_.config.runs == 1 ? "" : fmt::format("run {}/{} ", index + 1, job_.config.runs);
  }

  Channel& channel_;
  const Job& job_;
  Timer wall_;
  std::optional<RunDirectory> top_, seed_directory_;  // rank 0
  std::vector<RunRecord> records_;                    // rank 0
  RunOutcome outcome_;
};

RunOutcome run_rank(Communicator& communicator, Channel& channel, const Job& job, const Timer& since_start) {
  if (channel.rank() == 0 && !job.config.quiet) {
    fmt::print("{}", plan_words(job, communicator.host_of()));
    std::fflush(stdout);
  }
  return RankRun(channel, job, since_start).run();
}

}  // namespace

RunOutcome run_training(const RunConfig& words) {
  const Timer since_start;
  const SignalGuard guard;
  const RunConfig config = resolve(words);
  const int ranks = static_cast<int>(config.ranks), threads = static_cast<int>(config.threads);
  RunOutcome outcome;
  if (launched_ranks() > 1) {
    run_mpi_rank(ranks, threads, [&](Communicator& communicator) {
      Channel channel(communicator);
      Job job;
      agree(channel, [&] {
        if (channel.rank() == 0) RunDirectory::check(config.out);
        job = load_job(config);
      });
      share_partition(channel, job);
      SignalGuard::defer();
      outcome = run_rank(communicator, channel, job, since_start);
    });
    return outcome;
  }
  RunDirectory::check(config.out);
  Job job = load_job(config);
  job.partition = partition_job(job);
  SignalGuard::defer();
  run_thread_ranks(ranks, threads, [&](Communicator& communicator) {
    Channel channel(communicator);
    RunOutcome rank_outcome = run_rank(communicator, channel, job, since_start);
    if (communicator.rank() == 0) outcome = std::move(rank_outcome);
  });
  return outcome;
}

}  // namespace tersegraph
