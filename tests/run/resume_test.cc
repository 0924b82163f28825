// Whole runs that were interrupted and go on, through the public entry.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "data/npz_files.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::error_of;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::TemporaryFolder;

const ResumeChanges kQuiet = {.quiet = true};

json without_times(json value) {
  for (const char* time : {"epoch_seconds", "hidden_seconds", "seconds", "wall_seconds", "peak_rss_bytes"}) {
    value.erase(time);
  }
  if (value.contains("runs")) {
    for (json& run : value["runs"]) run = without_times(run);
  }
  return value;
}

json summary_of(const std::string& folder) {
  return without_times(json::parse(read_bytes(folder + "/summary.json")));
}

std::vector<json> metrics_of(const std::string& folder) {
  std::vector<json> lines;
  std::istringstream text(read_bytes(folder + "/metrics.jsonl"));
  for (std::string line; std::getline(text, line);) lines.push_back(without_times(json::parse(line)));
  return lines;
}

void expect_same_results(const std::string& a, const std::string& b) {
  for (const char* file : {"model.safetensors", "predictions.npy"}) {
    EXPECT_EQ(read_bytes(a + "/" + file), read_bytes(b + "/" + file)) << file;
  }
  EXPECT_EQ(metrics_of(a), metrics_of(b));
  EXPECT_EQ(summary_of(a), summary_of(b));
}

class Resume : public ::testing::Test {
 protected:
  /// 12 epochs of which checkpoints of 5 and 10 are there.
  RunConfig small_run(const std::string& out) const {
    RunConfig config;
    config.data = "sbm:nodes=300,edges=1500,features=12,classes=4,seed=3";
    config.hidden = 16;
    config.epochs = 12;
    config.threads = 1;
    config.ranks = 2;
    config.checkpoint_every = 5;
    config.out = folder_.file(out);
    config.quiet = true;
    return config;
  }

  /// What a run that was killed after its epoch 10, or 5, would have left: with a torn line of metrics.
  std::string killed(const RunConfig& config, int64_t epoch) const {
    const std::string copy = config.out + "-killed";
    fs::copy(config.out, copy, fs::copy_options::recursive);
    for (const char* file : {"summary.json", "model.safetensors", "predictions.npy"}) fs::remove(copy + "/" + file);
    if (epoch == 5) fs::remove(copy + "/checkpoint/epoch-000010.tsgc");
    const std::string metrics = read_bytes(copy + "/metrics.jsonl");
    fs::resize_file(copy + "/metrics.jsonl", metrics.size() - 20);
    return copy;
  }

  TemporaryFolder folder_;
};

TEST_F(Resume, GivesTheResultsOfAnUninterruptedRun) {
  for (const std::string model : {"gcn", "gamlp", "admm"}) {
    for (const int64_t epoch : {5, 10}) {
      RunConfig config = small_run(fmt::format("{}-{}", model, epoch));
      config.model = model == "gcn" ? "gcn" : "gamlp";
      if (model == "gamlp") config.stages = "2,4", config.iterations = "7,5", config.epochs = 0;
      if (model == "admm") config.optimizer = "admm", config.iterations = "4,3,5", config.epochs = 0;
      run_training(config);
      const std::string copy = killed(config, epoch);
      resume_training(copy, kQuiet);
      expect_same_results(copy, config.out);
    }
  }
}

TEST_F(Resume, WithoutACheckpointStartsAnew) {
  RunConfig config = small_run("run");
  run_training(config);
  const std::string copy = killed(config, 10);
  fs::remove_all(copy + "/checkpoint");
  resume_training(copy, kQuiet);
  expect_same_results(copy, config.out);
}

TEST_F(Resume, GoesOnWithTheUnfinishedSeed) {
  RunConfig config = small_run("run");
  config.runs = 3;
  config.seed = 4;
  run_training(config);
  const std::string copy = config.out + "-killed";
  fs::copy(config.out, copy, fs::copy_options::recursive);
  fs::remove(copy + "/summary.json");
  fs::remove(copy + "/run-6/summary.json");
  EXPECT_EQ(resume_training(copy, kQuiet).runs.size(), 3u);
  EXPECT_EQ(summary_of(copy), summary_of(config.out));
  for (const char* seed : {"/run-4", "/run-5", "/run-6"}) expect_same_results(copy + seed, config.out + seed);
}

TEST_F(Resume, AFinishedRunStaysAsItIs) {
  const RunConfig config = small_run("run");
  run_training(config);
  const std::string before = read_bytes(config.out + "/summary.json");
  EXPECT_TRUE(resume_training(config.out, kQuiet).runs.empty());
  EXPECT_EQ(read_bytes(config.out + "/summary.json"), before);
}

TEST_F(Resume, AFinishedRunMayGetMoreEpochs) {
  const RunConfig config = small_run("short");
  run_training(config);
  resume_training(config.out, {.epochs = 20, .quiet = true});
  RunConfig longer = small_run("long");
  longer.epochs = 20;
  run_training(longer);
  expect_same_results(config.out, longer.out);
  EXPECT_THAT(error_of<InputError>([&] { resume_training(config.out, {.epochs = 3, .quiet = true}); }),
              HasSubstr("--epochs 3"));
}

TEST_F(Resume, OtherRanksChangeNothingButRounding) {
  const RunConfig config = small_run("run");
  run_training(config);
  const std::string copy = killed(config, 5);
  resume_training(copy, {.ranks = 3, .quiet = true});
  const std::vector<json> a = metrics_of(config.out), b = metrics_of(copy);
  ASSERT_EQ(a.size(), b.size());
  for (size_t epoch = 0; epoch < a.size(); ++epoch) {
    const double loss = a[epoch]["train_loss"];
    EXPECT_NEAR(b[epoch]["train_loss"].get<double>(), loss, 1e-4 * loss) << epoch;
  }
}

TEST_F(Resume, TheAxesOfAdmmMayChange) {
  RunConfig config = small_run("run");
  config.model = "gamlp", config.optimizer = "admm", config.iterations = "4,3,5", config.epochs = 0;
  config.ranks = 4, config.node_ranks = 2;
  run_training(config);
  const std::vector<json> a = metrics_of(config.out);
  const ResumeChanges all[] = {{.quiet = true},
                               {.ranks = 1, .quiet = true},
                               {.ranks = 3, .quiet = true, .node_ranks = 3},
                               {.quiet = true, .layer_ranks = 1, .node_ranks = 2},
                               {.ranks = 6, .quiet = true, .layer_ranks = 2}};
  for (size_t k = 0; k < std::size(all); ++k) {
    const std::string copy = killed(config, 5);
    resume_training(copy, all[k]);
    const std::vector<json> b = metrics_of(copy);
    ASSERT_EQ(a.size(), b.size());
    for (size_t epoch = 0; epoch < a.size(); ++epoch) {
      const double lagrangian = a[epoch]["lagrangian"];
      EXPECT_NEAR(b[epoch]["lagrangian"].get<double>(), lagrangian, k == 0 ? 0.0 : 1e-4 * std::abs(lagrangian));
    }
    if (k == 0) {
      EXPECT_EQ(read_bytes(copy + "/model.safetensors"), read_bytes(config.out + "/model.safetensors"));
    }
    fs::remove_all(copy);
  }
  const std::string copy = killed(config, 5);
  EXPECT_THAT(error_of<InputError>([&] { resume_training(copy, {.ranks = 5, .quiet = true, .node_ranks = 2}); }),
              HasSubstr("must be --ranks, which is 5"));
}

TEST_F(Resume, ADamagedCheckpointFallsBackToTheOneBefore) {
  const RunConfig config = small_run("run");
  run_training(config);
  for (const double share : {0.0, 0.3, 0.999}) {
    const std::string copy = killed(config, 10), newest = copy + "/checkpoint/epoch-000010.tsgc";
    fs::resize_file(newest, static_cast<uintmax_t>(share * static_cast<double>(fs::file_size(newest))));
    ::testing::internal::CaptureStderr();
    resume_training(copy, kQuiet);
    EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("epoch-000010.tsgc"));
    expect_same_results(copy, config.out);
    fs::remove_all(copy);
  }
}

TEST_F(Resume, SaysWhatDiffers) {
  const RunConfig config = small_run("run");
  run_training(config);
  const std::string copy = killed(config, 10), toml = read_bytes(copy + "/config.toml");
  const auto error_with = [&](const std::string& from, const std::string& to) {
    std::string changed = toml;
    changed.replace(changed.find(from), from.size(), to);
    std::ofstream(copy + "/config.toml", std::ios::binary) << changed;
    return error_of<InputError>([&] { resume_training(copy, kQuiet); });
  };
  EXPECT_THAT(error_with("lr = 0.01", "lr = 0.02"), HasSubstr("--lr is '0.01' there and '0.02' here"));
  EXPECT_THAT(error_with("seed = 0", "seed = 1"), HasSubstr("--seed"));
  EXPECT_THAT(error_with("edges=1500", "edges=1501"), HasSubstr("data"));
  EXPECT_THAT(error_of<InputError>([&] { resume_training(folder_.file("none"), kQuiet); }), HasSubstr("config.toml"));
}

}  // namespace
}  // namespace tersegraph
