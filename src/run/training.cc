#include "run/training.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rank_threads.h"
#include "comm/collectives.h"
#include "comm/launch.h"
#include "run/config.h"
#include "run/cores.h"
#include "run/job.h"
#include "run/options.h"
#include "run/plan_words.h"
#include "run/progress.h"
#include "run/results.h"
#include "run/resume.h"
#include "run/run_directory.h"
#include "run/run_files.h"
#include "run/run_observer.h"
#include "run/sharded_job.h"
#include "run/signals.h"
#include "run/trainers.h"
#include "run/units.h"
#include "tersegraph/tersegraph.h"
#include "train/input_errors.h"

namespace tersegraph {
namespace {

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

/// What all ranks of a run share, beside the job.
struct Start {
  RunHooks hooks;
  std::vector<HeldRun>* held = nullptr;  ///< where rank 0 leaves what runs made; null: nowhere
  Fingerprint fingerprint = {};
  std::optional<Resumption> resumption = {};
};

/// One rank's part in a whole run.
class RankRun {
 public:
  RankRun(Channel& channel, const Job& job, const Start& start, const Timer& since_start)
      : channel_(channel), job_(job), start_(start), wall_(since_start) {
    if (!start.resumption || start.resumption->file.empty()) return;
    first_ = start.resumption->place.run;
    if (channel.rank() == 0) records_ = saved_records(start.resumption->state);
  }

  RunOutcome run() {
    for (int64_t index = first_; index < job_.config.runs; ++index) {
      const Ending ending = train_seed(index);
      wall_.restart();
      if (ending != Ending::stopped) continue;
      // The signal may have reached some of the ranks alone.
      const auto signal = all_reduce_max(channel_, Traffic::setup, SignalGuard::received());
      outcome_.signal = signal > 0 ? static_cast<int>(signal) : SIGTERM;
      break;
    }
    if (job_.config.runs > 1 && writes())
      agree_on_rank0([&] { top_->write("summary.json", summarise(job_.config, records_).dump(2) + "\n"); });
    for (const RunRecord& record : records_) outcome_.runs.push_back(to_run_result(record));
    if (top_) outcome_.directory = top_->path().string();
    for (size_t i = 0; i < records_.size() && start_.held != nullptr; ++i) {
      (*start_.held)[i].record = std::move(records_[i]);
    }
    return std::move(outcome_);
  }

 private:
  template <class Step>
  void agree_on_rank0(Step step) {
    agree(channel_, [&] {
      if (channel_.rank() == 0) step();
    });
  }

  bool writes() const { return !job_.config.out.empty(); }

  // The configuration that repeats the run of one seed.
  RunConfig config_of(int64_t index) const {
    RunConfig config = job_.config;
    config.seed += index;
    config.runs = 1;
    return config;
  }

  int64_t resumed_epoch(int64_t index) const {
    return start_.resumption && index == first_ ? start_.resumption->place.epoch : 0;
  }

  // What was measured is written down, so that the file repeats the run.
  RunConfig with_links(RunConfig config) const {
    if (config.link.empty()) config.link = link_words_;
    return config;
  }

  // Only once nothing can be wrong with the input any more, so that bad input leaves nothing behind.
  RunDirectory& open_directory(int64_t index) {
    if (!top_) {
      if (start_.resumption) {
        top_ = RunDirectory::reopen(job_.config.out, resumed_epoch(index));
      } else {
        top_.emplace(job_.config.out);
      }
      top_->write("config.toml", to_toml(with_links(job_.config)));
      if (!job_.config.quiet) fmt::print("output  {}\n", job_.config.out);
      std::fflush(stdout);
    }
    if (job_.config.runs == 1) return *top_;
    const RunConfig config = config_of(index);
    const std::filesystem::path path = top_->path() / fmt::format("run-{}", config.seed);
    if (start_.resumption && std::filesystem::exists(path)) {
      seed_directory_ = RunDirectory::reopen(path, resumed_epoch(index));
    } else {
      seed_directory_.emplace(path);
    }
    seed_directory_->write("config.toml", to_toml(with_links(config)));
    return *seed_directory_;
  }

  Ending train_seed(int64_t index) {
    const SavedState* const saved = start_.resumption ? start_.resumption->of_run(index) : nullptr;
    // A seed's bytes are its own, whatever was sent before it in this process.
    channel_.ledger() = Ledger(channel_.size());
    const std::unique_ptr<Trainer> trainer = make_trainer(job_, index, start_.held != nullptr, channel_);
    link_words_ = trainer->link_words();
    RunDirectory* directory = nullptr;
    agree_on_rank0([&] { directory = writes() ? &open_directory(index) : nullptr; });
    if (channel_.rank() != 0) {
      RankObserver observer(start_.hooks, saved);
      const Ending ending = trainer->train(observer).ending;
      agree_on_rank0([] {});
      return ending;
    }

    std::optional<ProgressBar> bar;
    if (!job_.config.quiet) bar.emplace(stderr, job_.config.epochs, bar_title(index));
    const CheckpointFolder checkpoints(std::filesystem::path(job_.config.out) / "checkpoint");
    std::vector<EpochMetrics> epochs;
    RunObserver observer({index, job_.config.checkpoint_every, common_parts(start_.fingerprint, records_), checkpoints,
                          start_.held != nullptr ? &epochs : nullptr},
                         start_.hooks, directory, wall_, bar ? &*bar : nullptr, saved);
    RunRecord record;
    record.result = trainer->train(observer);
    bar.reset();
    record.seed = job_.config.seed + index;
    record.wall_seconds = observer.wall_seconds();
    record.bytes_per_epoch = observer.bytes_per_epoch();
    const Ending ending = record.result.ending;
    agree_on_rank0([&] {
      TensorFile model = model_file(config_of(index), job_.shape, trainer->parameters());
      const DatasetFacts* const facts = job_.sharded() ? &job_.manifest->facts : nullptr;
      if (directory != nullptr) write_results(*directory, *job_.dataset, facts, config_of(index), record, model);
      observer.complain(ending == Ending::stopped);
      if (start_.held == nullptr) {
        record.result.outputs = Matrix();
      } else {
        start_.held->push_back({with_links(config_of(index)), {}, std::move(epochs), std::move(model)});
      }
      if (!job_.config.quiet) fmt::print("{}", result_words(job_.config, record));
      std::fflush(stdout);
      records_.push_back(std::move(record));
      if (directory != nullptr && job_.config.checkpoint_every > 0 && index + 1 < job_.config.runs &&
          ending != Ending::stopped) {
        observer.save_between({index + 1, 0}, common_parts(start_.fingerprint, records_));
      }
    });
    return ending;
  }

  std::string bar_title(int64_t index) const {
    return job_.config.runs == 1 ? "" : fmt::format("run {}/{} ", index + 1, job_.config.runs);
  }

  Channel& channel_;
  const Job& job_;
  const Start& start_;
  Timer wall_;
  int64_t first_ = 0;  // run
  std::string link_words_;
  std::optional<RunDirectory> top_, seed_directory_;  // rank 0
  std::vector<RunRecord> records_;                    // rank 0
  RunOutcome outcome_;
};

std::string resumption_words(const Resumption& resumption, const RunConfig& config) {
  if (resumption.file.empty()) return "resume  from the start: there is no checkpoint yet\n";
  std::string words =
      fmt::format("resume  after epoch {}{}, from {}\n", resumption.place.epoch,
                  config.runs > 1 ? fmt::format(" of run {}", resumption.place.run + 1) : "", resumption.file);
  return words;
}

RunOutcome run_rank(Communicator& communicator, Channel& channel, const Job& job, const Start& start,
                    const Timer& since_start) {
  if (channel.rank() == 0 && !job.config.quiet) {
    fmt::print("{}", plan_words(job, communicator.host_of()));
    if (start.resumption) fmt::print("{}", resumption_words(*start.resumption, job.config));
    std::fflush(stdout);
  }
  return RankRun(channel, job, start, since_start).run();
}

/// The checkpoint is compared with this run only where it goes on.
void resume(Start& start, const Job& job, Channel* channel) {
  start.resumption = find_resumption(job.config, channel);
  check_resumption(*start.resumption, start.fingerprint, job.config);
}

RunHooks signal_hooks() {
  return {.stop_requested = [] { return SignalGuard::received() != 0; }, .on_epoch = {}};
}

/// Rank 0 decides: of shards it alone knows all nodes' splits.
void share_memory_fit(Channel& channel, Job& job) {
  agree(channel, [&] {
    if (channel.rank() == 0) fit_memory(job);
  });
  int64_t bits = channel.rank() == 0 ? job.config.activation_bits : 0;
  all_reduce_sum(channel, Traffic::setup, std::span(&bits, 1));
  job.config.activation_bits = bits;
}

/// A rank that prepares its own job: an MPI process, or any rank of a sharded dataset. `dataset`: null, or what is in
/// memory already.
RunOutcome run_own_job(Communicator& communicator, const RunConfig& config, bool resumes, const Timer& since_start,
                       Start start, const std::shared_ptr<const Dataset>& dataset = nullptr) {
  Channel channel(communicator);
  Job job;
  agree(channel, [&] {
    if (channel.rank() == 0 && !resumes && !config.out.empty()) RunDirectory::check(config.out);
    const bool sharded = dataset == nullptr && reads_shards(config);
    job = sharded ? open_shard(config, channel.rank()) : load_job(config, dataset);
    start.fingerprint = fingerprint_of(job);
  });
  compare_ranks(start.fingerprint, channel);
  if (resumes) agree_on_input(channel, [&] { return resume(start, job, &channel), true; });
  if (job.sharded()) {
    share_splits(job, channel);
  } else {
    share_partition(channel, job);
  }
  share_memory_fit(channel, job);
  if (channel.rank() == 0 || launched_ranks() > 1) SignalGuard::defer();
  return run_rank(communicator, channel, job, start, since_start);
}

RunOutcome run_processes(const RunConfig& config, bool resumes, const Timer& since_start) {
  try_threads(static_cast<int>(config.threads));
  RunOutcome outcome;
  const auto body = [&](Communicator& communicator) {
    outcome = run_own_job(communicator, config, resumes, since_start, {.hooks = signal_hooks()});
  };
  run_mpi_rank(static_cast<int>(config.ranks), static_cast<int>(config.threads), body,
               static_cast<double>(config.timeout));
  return outcome;
}

/// Ranks that are threads, each with its own shard.
RunOutcome run_sharded_threads(const RunConfig& config, bool resumes, const Timer& since_start) {
  try_threads(static_cast<int>(config.ranks * config.threads));
  RunOutcome outcome;
  const auto body = [&](Communicator& communicator) {
    RunOutcome rank_outcome = run_own_job(communicator, config, resumes, since_start, {.hooks = signal_hooks()});
    if (communicator.rank() == 0) outcome = std::move(rank_outcome);
  };
  run_thread_ranks(static_cast<int>(config.ranks), static_cast<int>(config.threads), body,
                   static_cast<double>(config.timeout));
  return outcome;
}

RunOutcome run_threads(const RunConfig& config, bool resumes, const Timer& since_start, Start start,
                       const std::shared_ptr<const Dataset>& dataset = nullptr) {
  if (!resumes && !config.out.empty()) RunDirectory::check(config.out);
  try_threads(thread_count() - 1 + static_cast<int>(config.ranks * config.threads));  // all cores load the data
  Job job = load_job(config, dataset);
  start.fingerprint = fingerprint_of(job);
  if (resumes) resume(start, job, nullptr);
  job.partition = partition_job(job);
  fit_memory(job);
  SignalGuard::defer();
  RunOutcome outcome;
  const auto body = [&](Communicator& communicator) {
    Channel channel(communicator);
    RunOutcome rank_outcome = run_rank(communicator, channel, job, start, since_start);
    if (communicator.rank() == 0) outcome = std::move(rank_outcome);
  };
  run_thread_ranks(static_cast<int>(config.ranks), static_cast<int>(config.threads), body,
                   static_cast<double>(config.timeout));
  return outcome;
}

RunOutcome train(const RunConfig& words, bool resumes) {
  const Timer since_start;
  const SignalGuard guard;
  const RunConfig config = resolve(words);
  if (launched_ranks() > 1) return run_processes(config, resumes, since_start);
  if (reads_shards(config)) return run_sharded_threads(config, resumes, since_start);
  return run_threads(config, resumes, since_start, {.hooks = signal_hooks()});
}

}  // namespace

RunOutcome run_training(const RunConfig& config) {
  return train(config, false);
}

RunOutcome resume_training(const std::string& directory, const ResumeChanges& changes) {
  const RunConfig config = resumed_config(directory, changes);
  if (const auto words = finished_words(config)) {
    if (launched_rank() == 0) complete_results(config);
    if (!config.quiet && launched_rank() == 0) fmt::print("{}\n", *words);
    RunOutcome outcome;
    outcome.directory = directory;
    return outcome;
  }
  return train(config, true);
}

std::vector<HeldRun> train_in_memory(RunConfig config, const std::shared_ptr<const Dataset>& dataset,
                                     const RunHooks& hooks, Communicator* process) {
  if (process == nullptr && launched_ranks() > 1) {
    fail_input("a launcher started {} processes: give each the communicator of its rank", launched_ranks());
  }
  const Timer since_start;
  const std::string out = config.out;
  config.quiet = true;
  config = resolve_in_memory(config);
  config.out = out;
  if (out.empty() && config.checkpoint_every > 0) {
    fail_input("--checkpoint-every {} needs --out, the folder for checkpoints", config.checkpoint_every);
  }
  std::vector<HeldRun> held;
  const Start start{.hooks = hooks, .held = &held};
  if (process == nullptr) {
    run_threads(config, false, since_start, start, dataset);
  } else {
    const RankThreads rank_threads(static_cast<int>(config.threads));
    run_own_job(*process, config, false, since_start, start, dataset);
  }
  return held;
}

void save_run(const HeldRun& run, const Dataset& dataset, const std::string& path) {
  RunDirectory directory(path);
  directory.write("config.toml", to_toml(run.config));
  std::string error;
  for (const EpochMetrics& metrics : run.epochs) {
    if (!directory.append_metrics(metrics, error)) fail_run("{}", error);
  }
  write_results(directory, dataset, nullptr, run.config, run.record, run.model);
}

std::string divergence_words(const RunConfig& config, int64_t epoch, const std::string& directory) {
  const bool admm = trainer_kind(config) == TrainerKind::admm;
  return fmt::format(
      "diverged in epoch {}: {}{}", epoch,
      admm ? "its Lagrangian left all bounds; raise --nu or --ridge" : "its loss is not finite; lower --lr",
      directory.empty() ? "" : fmt::format(", or see {}/metrics.jsonl", directory));
}

}  // namespace tersegraph
