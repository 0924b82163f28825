// Seconds of full-graph training epochs on one rank, what each phase of them must do, and how near to this machine's
// roofs that is done. Prints JSON.
//
//   epoch_bench data=FILE|sbm:... [model=gcn|sage] [layers=3] [hidden=256] [dropout=.5] [norm=none|layer] [lr=.01]
//               [seed=0] [gather=32|16] [split=WORDS] [threads=2] [epochs=10] [warmup=2] [roofs=1|0] [rows=all|train]
//
// rows=train counts the work of a last layer whose outputs are computed for training rows alone. Nothing is evaluated
// but the last epoch, and that is not timed. Roofs are measured after training, in the same process.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/parallel.h"
#include "comm/launch.h"
#include "data/split.h"
#include "epoch_work.h"
#include "graph/shard.h"
#include "roofs.h"
#include "train/full_graph.h"
#include "words.h"

namespace tersegraph {
namespace {

using nlohmann::json;

double peak_rss_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

double rss_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0.0;
}

FullGraphConfig config_of(const Words& words) {
  FullGraphConfig config;
  const std::string model = words.text("model", "gcn"), norm = words.text("norm", "none");
  if (model != "gcn" && model != "sage") fail_input("model={}: it is gcn or sage", model);
  if (norm != "none" && norm != "layer") fail_input("norm={}: it is none or layer", norm);
  config.model.kind = model == "gcn" ? ModelKind::gcn : ModelKind::sage;
  config.model.norm = norm == "none" ? NormKind::none : NormKind::layer;
  config.model.layers = static_cast<int>(words.number("layers", 3));
  config.model.hidden = words.number("hidden", 256);
  config.model.dropout = static_cast<float>(words.real("dropout", 0.5));
  config.model.gathered_bits = static_cast<int>(words.number("gather", 32));
  config.learning_rate = words.real("lr", 0.01);
  config.seed = static_cast<uint64_t>(words.number("seed", 0));
  config.epochs = static_cast<int>(words.number("epochs", 10) + words.number("warmup", 2));
  config.eval_every = 0;
  return config;
}

/// Keeps the epochs, and the peak before the evaluation of the last one.
class Recorder final : public Observer {
 public:
  void on_epoch(const EpochMetrics& metrics) override {
    if (!metrics.train_accuracy) peak_training_mb = peak_rss_mb();
    epochs.push_back(metrics);
  }

  std::vector<EpochMetrics> epochs;
  double peak_training_mb = 0.0;
};

struct Run {
  Dataset dataset;
  Split split;
  Csr aggregation;
  FullGraphConfig config;
  Partition partition;
  double rss_before_mb = 0.0, peak_before_mb = 0.0, peak_mb = 0.0;
  Recorder recorder;
};

void train(Run& run, int threads) {
  run.partition = {.parts = 1, .part_of = std::vector<int32_t>(static_cast<size_t>(run.dataset.nodes()), 0)};
  run.rss_before_mb = rss_mb();
  run.peak_before_mb = peak_rss_mb();
  run_thread_ranks(1, threads, [&](Communicator& communicator) {
    Channel channel(communicator);
    FullGraphTrainer trainer(run.dataset, run.aggregation, run.split, run.partition, run.config, channel);
    trainer.train(run.recorder);
    run.peak_mb = peak_rss_mb();
  });
}

/// What the machine reaches, in GFLOP/s and GB/s.
struct Roofs {
  Roof gemm, gemm_block, copy, read;
  std::map<int64_t, Roof> gather;  ///< by columns
};

Roofs measure_roofs(const Run& run, const std::vector<PhaseWork>& work) {
  constexpr double kMilliseconds = 600;
  constexpr int64_t kBlockRows = 100'000;
  Roofs roofs;
  const int64_t hidden = run.config.model.hidden;
  roofs.gemm = gemm_roof(kMilliseconds);
  roofs.gemm_block = gemm_roof(kMilliseconds, {kBlockRows, hidden, hidden});
  roofs.copy = copy_roof(kMilliseconds);
  roofs.read = read_roof(kMilliseconds);
  // In the order in which the trainer holds the rows.
  const Shard shard = build_shard(run.aggregation, run.partition, 0, run.config.ordering, run.config.seed);
  std::set<int64_t> widths;
  for (const PhaseWork& phase : work) {
    for (const Gather& gather : phase.gathers) widths.insert(gather.cols);
  }
  for (const int64_t cols : widths) roofs.gather[cols] = gather_roof(shard.local, cols, kMilliseconds);
  return roofs;
}

json to_json(const Roofs& roofs) {
  const auto put = [](const Roof& roof, const char* unit) {
    return json{{"mean", roof.mean}, {"best", roof.best}, {"unit", unit}};
  };
  json out = {{"gemm", put(roofs.gemm, "GFLOP/s")},
              {"gemm_block", put(roofs.gemm_block, "GFLOP/s")},
              {"copy", put(roofs.copy, "GB/s")},
              {"read", put(roofs.read, "GB/s")}};
  for (const auto& [cols, roof] : roofs.gather) out["gather"][std::to_string(cols)] = put(roof, "GB/s");
  return out;
}

/// Seconds that a phase would take at the roof that it stands beside: arithmetic, gathered rows, or memory. What caches
/// keep between kernels, and an SpMM better than the row-gather loop, can be faster.
double seconds_at_roof(const PhaseWork& work, const Roofs& roofs) {
  if (work.phase == "gemm") return work.flops * 1e-9 / roofs.gemm.mean;
  if (work.gathers.empty()) return work.bytes * 1e-9 / roofs.copy.mean;
  double seconds = 0.0;
  for (const auto& [cols, entries] : work.gathers) {
    seconds += static_cast<double>(entries * cols) * sizeof(float) * 1e-9 / roofs.gather.at(cols).mean;
  }
  return seconds;
}

struct PhaseTable {
  json rows = json::object();
  double gflop = 0.0;
  double outside_seconds = 0.0;  ///< of an epoch, in no phase
};

/// Medians of the phases over the timed epochs.
PhaseTable phase_table(const std::vector<EpochMetrics>& epochs, const std::vector<PhaseWork>& work,
                       const Roofs* roofs) {
  PhaseTable table;
  for (const auto& [phase, unused] : epochs.front().seconds) {
    std::vector<double> seconds;
    for (const EpochMetrics& epoch : epochs) {
      const auto found = epoch.seconds.find(phase);
      seconds.push_back(found == epoch.seconds.end() ? 0.0 : found->second);
    }
    table.rows[phase]["seconds"] = median(seconds);
  }
  std::vector<double> outside;
  for (const EpochMetrics& epoch : epochs) {
    outside.push_back(epoch.epoch_seconds);
    for (const auto& [phase, seconds] : epoch.seconds) outside.back() -= phase == "evaluation" ? 0.0 : seconds;
  }
  table.outside_seconds = median(outside);
  for (const PhaseWork& phase : work) {
    table.gflop += phase.flops * 1e-9;
    if (!table.rows.contains(phase.phase)) continue;  // done within another phase
    json& row = table.rows[phase.phase];
    const double seconds = row["seconds"];
    row["gflop"] = phase.flops * 1e-9;
    row["gbytes"] = phase.bytes * 1e-9;
    row["gflops"] = phase.flops * 1e-9 / seconds;
    row["gbytes_per_second"] = phase.bytes * 1e-9 / seconds;
    if (roofs == nullptr) continue;
    row["roof"] = phase.phase == "gemm" ? "gemm" : phase.gathers.empty() ? "copy" : "gather";
    row["seconds_at_roof"] = seconds_at_roof(phase, *roofs);
    row["fraction"] = seconds_at_roof(phase, *roofs) / seconds;
  }
  return table;
}

json measure(const Words& words) {
  words.allow_only({"data", "model", "layers", "hidden", "dropout", "gather", "norm", "lr", "seed", "split", "threads",
                    "epochs", "warmup", "roofs", "rows"});
  const int threads = static_cast<int>(words.number("threads", 2));
  const int64_t warmup = words.number("warmup", 2);
  const std::string rows = words.text("rows", "all");
  if (rows != "all" && rows != "train") fail_input("rows={}: it is all or train", rows);
  if (warmup < 0 || words.number("epochs", 10) < 1 || threads < 1) fail_input("epochs and threads are at least 1");
  set_thread_count(threads);

  Run run;
  run.config = config_of(words);
  run.dataset = load_dataset(words.text("data", "sbm:nodes=20000"));
  run.split = choose_split(run.dataset, words.text("split", ""), 0, run.config.seed);
  run.aggregation = aggregation_operator(run.dataset.graph, run.config.normalisation());
  train(run, threads);

  const std::vector<EpochMetrics>& all = run.recorder.epochs;
  const std::vector<EpochMetrics> timed(all.begin() + warmup, all.end());
  std::vector<double> seconds, losses;
  for (const EpochMetrics& epoch : timed) seconds.push_back(epoch.epoch_seconds);
  for (const EpochMetrics& epoch : all) losses.push_back(epoch.train_loss);
  const EpochShape shape = epoch_shape(run.dataset, run.split, run.aggregation, run.config);
  const std::vector<PhaseWork> work = epoch_work(shape, rows == "train");

  json out = {{"data", run.dataset.name},
              {"nodes", shape.nodes},
              {"edges", run.dataset.graph.edges()},
              {"operator_entries", shape.operator_entries},
              {"features", shape.features},
              {"outputs", shape.outputs},
              {"train_nodes", shape.train_nodes},
              {"model", words.text("model", "gcn")},
              {"layers", run.config.model.layers},
              {"hidden", run.config.model.hidden},
              {"dropout", run.config.model.dropout},
              {"gather", run.config.model.gathered_bits},
              {"norm", words.text("norm", "none")},
              {"seed", run.config.seed},
              {"threads", threads},
              {"rows", rows}};
  out["epoch_seconds"] = {{"median", median(seconds)},
                          {"min", *std::ranges::min_element(seconds)},
                          {"max", *std::ranges::max_element(seconds)},
                          {"first", all.front().epoch_seconds},
                          {"all", seconds}};
  out["rss_mb"] = {{"before", run.rss_before_mb},
                   {"peak_before", run.peak_before_mb},
                   {"peak_training", run.recorder.peak_training_mb},
                   {"peak", run.peak_mb}};
  out["losses"] = losses;
  if (timed.back().test_accuracy) out["test_accuracy"] = *timed.back().test_accuracy;

  Roofs roofs;
  const bool with_roofs = words.number("roofs", 1) != 0;
  if (with_roofs) out["roofs"] = to_json(roofs = measure_roofs(run, work));
  const PhaseTable table = phase_table(timed, work, with_roofs ? &roofs : nullptr);
  out["phases"] = table.rows;
  out["outside_phases_seconds"] = table.outside_seconds;
  out["gflop"] = table.gflop;
  return out;
}

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  try {
    const tersegraph::Words words(argc - 1, argv + 1);
    fmt::print("{}\n", tersegraph::measure(words).dump(2));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "epoch_bench: {}\n", error.what());
    return 2;
  }
}
