// gamlp and sgc from the command line: what a run leaves, and that it can be repeated and asked again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.h"

namespace tersegraph::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kData = "sbm:nodes=300,edges=2000,features=12,classes=4,seed=3";

struct Kind {
  std::string name;
  std::vector<std::string> words;
};

void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

const Kind kKinds[] = {
    {"Sgc", {"--model", "sgc", "--epochs", "20", "--lr", "0.1"}},
    {"Adam", {"--model", "gamlp", "--layers", "3", "--hidden", "16", "--epochs", "20", "--dropout", "0.2"}},
    {"AdamGrown", {"--model", "gamlp", "--stages", "2,4", "--iterations", "10,10", "--hidden", "16"}},
    {"Admm", {"--model", "gamlp", "--optimizer", "admm", "--hidden", "16"}},
    {"AdmmBits", {"--model", "gamlp", "--optimizer", "admm", "--hidden", "16", "--quantize", "pq", "--bits", "2"}},
    {"AdmmGradient",
     {"--model", "gamlp", "--optimizer", "admm", "--solver", "gradient", "--quantize", "p", "--grid", "paper"}},
    {"AdmmTanh", {"--model", "gamlp", "--optimizer", "admm", "--activation", "tanh", "--loss", "mse", "--hops", "1"}},
};

class Perceptron : public ::testing::TestWithParam<Kind> {
 protected:
  Ended run(std::vector<std::string> words) const { return run_tersegraph(std::move(words), folder_.file("")); }
  Ended train(const std::string& out, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"train", "--quiet", "--data", kData, "--out", out, "--threads", "1"};
    words.insert(words.end(), GetParam().words.begin(), GetParam().words.end());
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  std::string read(const std::string& name) const { return read_bytes(folder_.file(name)); }

  TemporaryFolder folder_;
};

TEST_P(Perceptron, LeavesARunThatRepeatsAndPredicts) {
  const Ended first = train("first", {"--ranks", "2"});
  ASSERT_EQ(first.code, 0) << first.err;
  const json summary = json::parse(read("first/summary.json"));
  EXPECT_GT(summary["test_accuracy"].get<double>(), 0.3);
  EXPECT_EQ(summary["diverged"], false);

  const Ended again = run({"train", "--quiet", "--config", "first/config.toml", "--out", "again"});
  ASSERT_EQ(again.code, 0) << again.err;
  for (const char* file : {"model.safetensors", "predictions.npy", "config.toml"}) {
    EXPECT_EQ(read(std::string("first/") + file), read(std::string("again/") + file)) << file;
  }

  const Ended asked = run({"predict", "first", "--out", "classes.npy"});
  ASSERT_EQ(asked.code, 0) << asked.err;
  EXPECT_THAT(asked.out,
              ::testing::ContainsRegex(fmt::format("test_accuracy +{:.4f}", summary["test_accuracy"].get<double>())));
  EXPECT_EQ(read("classes.npy"), read("first/predictions.npy"));
  // A model works on another graph of the same features.
  const Ended other = run({"predict", "first", "--data", "sbm:nodes=200,edges=1300,features=12,classes=4,seed=9"});
  EXPECT_EQ(other.code, 0) << other.err;
}

INSTANTIATE_TEST_SUITE_P(Kinds, Perceptron, ::testing::ValuesIn(kKinds),
                         [](const auto& info) { return info.param.name; });

TEST(Admm, MetricsHoldWhatTheTheoryLooksAt) {
  const TemporaryFolder folder;
  const Ended ended =
      run_tersegraph({"train", "--data", kData, "--model", "gamlp", "--optimizer", "admm", "--ranks", "10", "--threads",
                      "1", "--quantize", "pq", "--bits", "4", "--check-theory", "--out", "run"},
                     folder.file(""));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("no proof covers this run"));
  std::istringstream lines(read_bytes(folder.file("run/metrics.jsonl")));
  std::vector<json> metrics;
  for (std::string line; std::getline(lines, line);) metrics.push_back(json::parse(line));
  ASSERT_EQ(metrics.size(), 50u);
  for (const json& line : metrics) {
    const size_t links = line["epoch"] <= 20 ? 1 : line["epoch"] <= 30 ? 4 : 9;
    EXPECT_EQ(line["residuals"].size(), links);
    EXPECT_TRUE(std::isfinite(line["objective"].get<double>()) && std::isfinite(line["lagrangian"].get<double>()));
  }
  const json summary = json::parse(read_bytes(folder.file("run/summary.json")));
  EXPECT_EQ(metrics.back()["bytes"]["p"].get<int64_t>() + metrics.back()["bytes"]["q"].get<int64_t>(),
            summary["link_bytes_per_iteration"].get<int64_t>());
  EXPECT_EQ(summary["mean_bits"], 4.0);
  EXPECT_EQ(summary["theory_least_rho"], 0.012);
}

TEST(Admm, AProofCoversALargeRho) {
  const TemporaryFolder folder;
  const Ended ended = run_tersegraph({"train", "--data", kData, "--model", "gamlp", "--optimizer", "admm", "--stages",
                                      "2", "--rho", "0.02", "--check-theory", "--out", "run"},
                                     folder.file(""));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("is proven to fall"));
  EXPECT_THAT(ended.out, Not(HasSubstr("no proof")));
}

TEST(Admm, ADivergedRunExitsWith3AndKeepsTheBest) {
  const TemporaryFolder folder;
  const Ended ended =
      run_tersegraph({"train",        "--quiet",  "--data", kData,    "--model",      "gamlp", "--optimizer", "admm",
                      "--quantize",   "pq",       "--grid", "affine", "--bits",       "1",     "--stages",    "2,6",
                      "--iterations", "20,20000", "--rho",  "0.0135", "--eval-every", "100",   "--out",       "run"},
                     folder.file(""));
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.err, HasSubstr("diverged"));
  const json summary = json::parse(read_bytes(folder.file("run/summary.json")));
  EXPECT_EQ(summary["diverged"], true);
  EXPECT_GE(summary["best_epoch"].get<int>(), 20);
  EXPECT_FALSE(read_bytes(folder.file("run/model.safetensors")).empty());
}

}  // namespace
}  // namespace tersegraph::testing
