// Whole runs, through the public entry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "data/npz_files.h"
#include "run/config.h"
#include "run/prediction.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

using nlohmann::json;
using testing::read_bytes;
using testing::TemporaryFolder;

RunConfig small_run(const TemporaryFolder& folder, const std::string& out) {
  RunConfig config;
  config.data = "sbm:nodes=300,edges=1500,features=12,classes=4,seed=3";
  config.hidden = 16;
  config.epochs = 8;
  config.threads = 1;
  config.out = folder.file(out);
  config.quiet = true;
  return config;
}

json summary_of(const std::string& folder) {
  return json::parse(read_bytes(folder + "/summary.json"));
}

std::vector<json> metrics_of(const std::string& folder) {
  std::vector<json> lines;
  std::istringstream text(read_bytes(folder + "/metrics.jsonl"));
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

TEST(Training, LeavesTheRunDirectoryOfTheContract) {
  const TemporaryFolder folder;
  const RunConfig config = small_run(folder, "run");
  const RunOutcome outcome = run_training(config);
  EXPECT_EQ(outcome.directory, config.out);
  ASSERT_EQ(outcome.runs.size(), 1u);
  for (const char* file : {"config.toml", "metrics.jsonl", "summary.json", "model.safetensors", "predictions.npy"}) {
    EXPECT_TRUE(std::filesystem::exists(config.out + "/" + file)) << file;
  }
  const std::vector<json> metrics = metrics_of(config.out);
  ASSERT_EQ(metrics.size(), 8u);
  const json summary = summary_of(config.out);
  const int best = summary["best_epoch"];
  EXPECT_EQ(metrics[best - 1]["epoch"], best);
  EXPECT_EQ(metrics[best - 1]["test_accuracy"], summary["test_accuracy"]);
  for (const json& line : metrics) EXPECT_LE(line["val_accuracy"].get<double>(), summary["val_accuracy"].get<double>());
  EXPECT_EQ(outcome.runs[0].test_accuracy, summary["test_accuracy"].get<double>());
  EXPECT_EQ(outcome.runs[0].ending, "finished");
}

TEST(Training, ItsConfigurationRepeatsARunBitForBit) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "first");
  config.ranks = 3;
  config.dropout = 0.3;
  config.seed = 11;
  run_training(config);
  RunConfig again;
  read_config(config.out + "/config.toml", again);
  again.out = folder.file("again");
  again.quiet = true;
  again.threads = 2;  // no number depends on the threads
  run_training(again);
  for (const char* file : {"model.safetensors", "predictions.npy"}) {
    EXPECT_EQ(read_bytes(config.out + "/" + file), read_bytes(again.out + "/" + file)) << file;
  }
  EXPECT_EQ(metrics_of(config.out).back()["train_loss"], metrics_of(again.out).back()["train_loss"]);
}

TEST(Training, RanksChangeNothingButRounding) {
  const TemporaryFolder folder;
  RunConfig one = small_run(folder, "one"), three = small_run(folder, "three");
  three.ranks = 3;
  run_training(one);
  run_training(three);
  const std::vector<json> a = metrics_of(one.out), b = metrics_of(three.out);
  for (size_t epoch = 0; epoch < a.size(); ++epoch) {
    const double loss = a[epoch]["train_loss"];
    EXPECT_NEAR(b[epoch]["train_loss"].get<double>(), loss, 1e-4 * loss) << epoch;
  }
  const json bytes = summary_of(three.out)["bytes_sent"];
  EXPECT_GT(bytes["by_kind"]["halo_forward"].get<int64_t>() + bytes["by_kind"]["layer0"].get<int64_t>(), 0);
  EXPECT_EQ(summary_of(one.out)["bytes_sent"]["total"], 0);
}

TEST(Training, FewerBitsSendFewerBytes) {
  const TemporaryFolder folder;
  RunConfig exact = small_run(folder, "exact"), two = small_run(folder, "two");
  exact.ranks = two.ranks = 3;
  exact.hidden = two.hidden = 64;
  two.exchange = "uniform";
  two.bits = 2;
  run_training(exact);
  run_training(two);
  const auto halo_bytes = [](const std::string& out) {
    const json kinds = summary_of(out)["bytes_sent"]["by_kind"];
    return kinds["halo_forward"].get<double>() + kinds["halo_backward"].get<double>();
  };
  EXPECT_LT(halo_bytes(two.out), 0.2 * halo_bytes(exact.out));
  EXPECT_EQ(summary_of(two.out)["mean_bits"], 2.0);
}

TEST(Training, SeveralSeedsHaveAFolderEach) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "runs");
  config.seed = 4;
  config.runs = 2;
  config.split = "0.3,0.3,0.4";
  const RunOutcome outcome = run_training(config);
  ASSERT_EQ(outcome.runs.size(), 2u);
  EXPECT_EQ(outcome.runs[1].seed, 5);
  const json summary = summary_of(config.out);
  EXPECT_NEAR(summary["test_accuracy"].get<double>(),
              (*outcome.runs[0].test_accuracy + *outcome.runs[1].test_accuracy) / 2, 1e-12);
  EXPECT_EQ(summary["runs"].size(), 2u);

  // A seed's own configuration repeats it.
  RunConfig second;
  read_config(config.out + "/run-5/config.toml", second);
  second.out = folder.file("second");
  second.quiet = true;
  run_training(second);
  EXPECT_EQ(read_bytes(config.out + "/run-5/model.safetensors"), read_bytes(second.out + "/model.safetensors"));
}

TEST(Training, BadInputLeavesNothing) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "deep/run");
  config.loss = "mse";
  EXPECT_NE(testing::error_of<InputError>([&] { run_training(config); }), "");
  EXPECT_EQ(folder.files(), 0u);
}

TEST(Prediction, GivesTheScoresOfTheRun) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "run");
  config.model = "sage";
  config.norm = "layer";
  run_training(config);
  const Prediction prediction = predict(config.out, "");
  const json summary = summary_of(config.out);
  EXPECT_DOUBLE_EQ(*prediction.scores.test_accuracy, summary["test_accuracy"].get<double>());
  EXPECT_DOUBLE_EQ(*prediction.scores.val_accuracy, summary["val_accuracy"].get<double>());
  EXPECT_EQ(prediction.outputs.rows(), 300);
  EXPECT_EQ(prediction.outputs.cols(), 4);
}

}  // namespace
}  // namespace tersegraph
