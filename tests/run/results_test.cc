#include "run/results.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "run/progress.h"
#include "run/units.h"

namespace tersegraph {
namespace {

RunRecord record(int64_t seed, double test_accuracy, std::vector<double> seconds) {
  RunRecord record;
  record.seed = seed;
  record.result.best.epoch = 3;
  record.result.best.train_accuracy = 1.0;
  record.result.best.val_accuracy = 0.5;
  record.result.best.test_accuracy = test_accuracy;
  record.result.best.scores["test_macro_f1"] = test_accuracy / 2;
  record.result.epoch_seconds = std::move(seconds);
  record.result.bytes = {{"halo_forward", 100}, {"setup", 11}};
  record.result.peak_rss_bytes = 1000 * seed;
  record.wall_seconds = 2.0;
  record.bytes_per_epoch = 50;
  return record;
}

TEST(Results, SummaryHasTheContractsKeys) {
  RunConfig config;
  config.ranks = 2;
  config.threads = 3;
  config.seed = 5;
  const Json summary = summarise(config, record(5, 0.75, {0.3, 0.1, 0.2, 0.4}));
  EXPECT_EQ(summary["test_accuracy"], 0.75);
  EXPECT_EQ(summary["val_accuracy"], 0.5);
  EXPECT_EQ(summary["train_accuracy"], 1.0);
  EXPECT_EQ(summary["test_macro_f1"], 0.375);
  EXPECT_EQ(summary["best_epoch"], 3);
  EXPECT_EQ(summary["epochs"], 4);
  EXPECT_DOUBLE_EQ(summary["epoch_seconds"]["median"].get<double>(), 0.25);
  EXPECT_DOUBLE_EQ(summary["epoch_seconds"]["min"].get<double>(), 0.1);
  EXPECT_EQ(summary["wall_seconds"], 2.0);
  EXPECT_EQ(summary["bytes_sent"]["total"], 111);
  EXPECT_EQ(summary["bytes_sent"]["per_epoch"], 50);
  for (const char* kind :
       {"halo_forward", "halo_backward", "layer0", "p", "q", "evaluation", "all_reduce", "placement", "setup"}) {
    EXPECT_TRUE(summary["bytes_sent"]["by_kind"].contains(kind)) << kind;
  }
  EXPECT_EQ(summary["mean_bits"], 32.0);
  EXPECT_EQ(summary["peak_rss_bytes"], 5000);
  EXPECT_EQ(summary["ranks"], 2);
  EXPECT_EQ(summary["threads"], 3);
  EXPECT_EQ(summary["seed"], 5);
  EXPECT_EQ(summary["version"], version());
  EXPECT_EQ(summary["diverged"], false);
}

TEST(Results, SeveralRunsGiveMeanAndSampleDeviation) {
  RunConfig config;
  config.seed = 1;
  std::vector<RunRecord> records;
  records.push_back(record(1, 0.7, {0.5}));
  records.push_back(record(2, 0.8, {0.1, 0.3}));
  records.push_back(record(3, 0.9, {0.2}));
  const Json summary = summarise(config, records);
  EXPECT_NEAR(summary["test_accuracy"].get<double>(), 0.8, 1e-12);
  EXPECT_NEAR(summary["std"]["test_accuracy"].get<double>(), 0.1, 1e-12);
  EXPECT_NEAR(summary["std"]["val_accuracy"].get<double>(), 0.0, 1e-12);
  EXPECT_NEAR(summary["test_macro_f1"].get<double>(), 0.4, 1e-12);
  EXPECT_EQ(summary["peak_rss_bytes"], 3000);
  EXPECT_EQ(summary["wall_seconds"], 6.0);
  EXPECT_DOUBLE_EQ(summary["epoch_seconds"]["median"].get<double>(), 0.25);
  EXPECT_EQ(summary["bytes_sent"]["by_kind"]["halo_forward"], 300);
  ASSERT_EQ(summary["runs"].size(), 3u);
  EXPECT_EQ(summary["runs"][2]["seed"], 3);
  EXPECT_EQ(summary["runs"][2]["test_accuracy"], 0.9);
}

TEST(Results, AMetricsLineIsOneLineAndSurvivesInfinity) {
  EpochMetrics metrics;
  metrics.epoch = 4;
  metrics.train_loss = std::nan("");
  metrics.seconds["spmm"] = 0.5;
  metrics.bytes["halo_forward"] = int64_t{1} << 40;
  const std::string line = to_json(metrics).dump();
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Json read = Json::parse(line);
  EXPECT_EQ(read["epoch"], 4);
  EXPECT_TRUE(read["train_loss"].is_null());
  EXPECT_FALSE(read.contains("val_accuracy"));
  EXPECT_EQ(read["bytes"]["halo_forward"], int64_t{1} << 40);
  EXPECT_EQ(read["seconds"]["spmm"], 0.5);
}

TEST(Results, TrainingBytesLeaveOutWhatIsNotTraining) {
  EpochMetrics metrics;
  metrics.bytes = {{"halo_forward", 1}, {"halo_backward", 2}, {"all_reduce", 4}, {"evaluation", 8}, {"setup", 16}};
  EXPECT_EQ(training_bytes(metrics), 7);
}

TEST(Units, ReadWell) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.0 kB");
  EXPECT_EQ(format_bytes(99'960), "100 kB");
  EXPECT_EQ(format_bytes(1.25e9), "1.2 GB");
  EXPECT_EQ(format_seconds(0.0042), "4.2 ms");
  EXPECT_EQ(format_seconds(0.5), "500 ms");
  EXPECT_EQ(format_seconds(12.34), "12.3 s");
  EXPECT_EQ(format_seconds(65), "1 min 05 s");
  EXPECT_EQ(format_seconds(7800), "2 h 10 min");
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1234567), "1,234,567");
}

TEST(Progress, LineFitsTheTerminal) {
  const std::string line = progress_line("", 0.5, "epoch 5/10", 80);
  EXPECT_EQ(line, "[##########..........] epoch 5/10");
  EXPECT_EQ(progress_line("run 1/3 ", 1.0, "epoch 10/10", 20).size(), 20u);
}

}  // namespace
}  // namespace tersegraph
