// Whole runs, through the public entry.
#include "run/training.h"

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

RunHooks until(int64_t last, std::vector<int64_t>& seen) {
  return {.stop_requested = [&seen, last] { return std::ssize(seen) >= last; },
          .on_epoch = [&seen](const EpochMetrics& metrics) { seen.push_back(metrics.epoch); }};
}

TEST(InMemory, GivesWhatARunOfTheFileLeaves) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "run");
  config.normalize_features = true;
  config.ranks = 2;
  run_training(config);
  const auto dataset = std::make_shared<const Dataset>(load_dataset(config.data));
  const float feature = dataset->features.dense(3, 3);
  RunConfig words = config;
  words.out.clear();
  std::vector<int64_t> seen;
  const std::vector<HeldRun> held = train_in_memory(words, dataset, until(100, seen));
  EXPECT_EQ(folder.files(), 1u);
  EXPECT_EQ(dataset->features.dense(3, 3), feature);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(to_safetensors(held[0].model), read_bytes(config.out + "/model.safetensors"));
  EXPECT_EQ(held[0].epochs.size(), 8u);
  EXPECT_EQ(seen.size(), 8u);
  const std::string saved = folder.file("saved");
  save_run(held[0], *dataset, saved);
  EXPECT_EQ(read_bytes(saved + "/predictions.npy"), read_bytes(config.out + "/predictions.npy"));
  EXPECT_EQ(metrics_of(saved).back()["train_loss"], metrics_of(config.out).back()["train_loss"]);
  EXPECT_EQ(metrics_of(saved).back()["bytes"], metrics_of(config.out).back()["bytes"]);
  RunConfig read;
  read_config(saved + "/config.toml", read);
  EXPECT_EQ(to_toml(read), read_bytes(config.out + "/config.toml"));
  EXPECT_NE(testing::error_of<InputError>([&] { save_run(held[0], *dataset, saved); }), "");
}

TEST(InMemory, HooksStopIt) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "run");
  config.out.clear();
  const auto dataset = std::make_shared<const Dataset>(load_dataset(config.data));
  std::vector<int64_t> seen;
  const std::vector<HeldRun> held = train_in_memory(config, dataset, until(3, seen));
  EXPECT_EQ(held[0].record.result.ending, Ending::stopped);
  EXPECT_THAT(seen, ::testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(held[0].epochs.size(), 3u);
  EXPECT_EQ(folder.files(), 0u);
  config.checkpoint_every = 2;
  EXPECT_THAT(testing::error_of<InputError>([&] { train_in_memory(config, dataset, until(3, seen)); }),
              ::testing::HasSubstr("needs --out"));
}

TEST(InMemory, OutputsOfADatasetWithoutLabels) {
  const TemporaryFolder folder;
  RunConfig config = small_run(folder, "run");
  config.out.clear();
  config.class_weights = "1,2,1,3";
  const auto dataset = std::make_shared<const Dataset>(load_dataset(config.data));
  std::vector<int64_t> seen;
  const std::vector<HeldRun> held = train_in_memory(config, dataset, until(100, seen));
  const auto unlabelled = std::make_shared<Dataset>(load_dataset(config.data));
  unlabelled->labels = {};
  unlabelled->splits.clear();
  const Matrix outputs = outputs_of(held[0].config, held[0].model, "the model", unlabelled);
  const Matrix& expected = held[0].record.result.outputs;
  ASSERT_EQ(outputs.size(), expected.size());
  for (int64_t i = 0; i < outputs.size(); ++i) EXPECT_NEAR(outputs.data()[i], expected.data()[i], 1e-5);
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
