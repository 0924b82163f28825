// tersegraph partition, and training from the shards that it makes: the same bits as from the dataset itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.h"

namespace tersegraph::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kData = "sbm:nodes=300,edges=1500,features=12,classes=4,seed=3";

std::vector<std::string> operator+(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

class Shards : public ::testing::Test {
 protected:
  Ended run(const std::vector<std::string>& words) const { return run_tersegraph(words, folder_.file("")); }
  void partition(const std::string& data, int parts, const std::string& method = "metis") const {
    const Ended ended =
        run({"partition", data, "--parts", std::to_string(parts), "--partition", method, "--out", "shards"});
    ASSERT_EQ(ended.code, 0) << ended.err;
  }
  Ended train(const std::string& data, const std::string& out, const std::vector<std::string>& words) const {
    return run(std::vector<std::string>{"train", "--quiet", "--data", data, "--out", out, "--hidden", "16", "--epochs",
                                        "5", "--threads", "1", "--seed", "8"} +
               words);
  }
  std::string file(const std::string& name) const { return read_bytes(folder_.file(name)); }

  TemporaryFolder folder_;
};

/// The numbers of metrics.jsonl and summary.json, without those that a clock or the system gave.
std::vector<json> numbers(const std::string& lines) {
  std::vector<json> all;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    json values = json::parse(line);
    for (const char* measured : {"seconds", "epoch_seconds", "hidden_seconds"}) values.erase(measured);
    all.push_back(values);
  }
  return all;
}

void drop_measured(json& summary) {
  for (const char* measured : {"epoch_seconds", "wall_seconds", "peak_rss_bytes"}) summary.erase(measured);
}

/// What does not differ from run to run; of several seeds of each, too.
json summary_numbers(const std::string& text) {
  json summary = json::parse(text);
  drop_measured(summary);
  if (summary.contains("runs")) std::ranges::for_each(summary["runs"], drop_measured);
  return summary;
}

struct Case {
  std::string name, data;
  int ranks;
  std::string method;
  std::vector<std::string> words;
};

class SameBits : public Shards, public ::testing::WithParamInterface<Case> {};

TEST_P(SameBits, AsFromTheDataset) {
  const Case& c = GetParam();
  partition(c.data, c.ranks, c.method);
  const Ended whole = train(
      c.data, "whole", c.words + std::vector<std::string>{"--ranks", std::to_string(c.ranks), "--partition", c.method});
  ASSERT_EQ(whole.code, 0) << whole.err;
  const Ended sharded = train("shards", "sharded", c.words);  // its ranks are the parts
  ASSERT_EQ(sharded.code, 0) << sharded.err;
  for (const char* name : {"model.safetensors", "predictions.npy"}) {
    EXPECT_EQ(file(std::string("whole/") + name), file(std::string("sharded/") + name)) << name;
  }
  EXPECT_EQ(numbers(file("whole/metrics.jsonl")), numbers(file("sharded/metrics.jsonl")));
  EXPECT_EQ(summary_numbers(file("whole/summary.json")), summary_numbers(file("sharded/summary.json")));
}

const std::vector<std::string> kGcn = {"--model", "gcn", "--norm", "layer"};
const std::vector<std::string> kSage = {"--model", "sage", "--residual", "--input-dropout", "0.2"};
const std::vector<std::string> kDrawn = {"--split", "0.3,0.2,0.1", "--normalize-features", "--class-weights",
                                         "balanced"};
constexpr const char* kTwoClasses = "sbm:nodes=200,edges=900,features=6,classes=2,seed=5";

const Case kCases[] = {
    {"GcnOneRank", kData, 1, "metis", kGcn},
    {"GcnTwoRanks", kData, 2, "metis", kGcn},
    {"GcnFourRanks", kData, 4, "random", kGcn},
    {"SageOneRank", kData, 1, "metis", kSage},
    {"SageTwoRanks", kData, 2, "stream", kSage},
    {"SageFourRanks", kData, 4, "block", kSage},
    {"DrawnSplit", kData, 3, "metis", kGcn + kDrawn},
    {"SplitPerClass", kData, 2, "metis", kGcn + std::vector<std::string>{"--split", "per-class:5,50,100"}},
    {"SeveralSeeds", kData, 2, "metis", kSage + kDrawn + std::vector<std::string>{"--runs", "2"}},
    {"FewBits", kData, 2, "metis", kGcn + std::vector<std::string>{"--exchange", "uniform", "--bits", "3"}},
    {"Adaptive", kData, 2, "random",
     kGcn + std::vector<std::string>{"--exchange", "adaptive", "--link", "1gbit,50us", "--assign-every", "2"}},
    {"Stale", kData, 2, "random", kGcn + std::vector<std::string>{"--exchange", "pipe"}},
    {"RocAuc", kTwoClasses, 2, "metis", kGcn},
};
INSTANTIATE_TEST_SUITE_P(Run, SameBits, ::testing::ValuesIn(kCases), [](const auto& info) { return info.param.name; });

TEST_F(Shards, OfAPartFile) {
  std::string parts;
  for (int v = 0; v < 300; ++v) parts += fmt::format("{}\n", v * 7 % 3);
  folder_.write("graph.part.3", parts);
  ASSERT_EQ(run({"partition", kData, "--out", "shards", "--partition", "graph.part.3"}).code, 0);
  ASSERT_EQ(train(kData, "whole", kGcn + std::vector<std::string>{"--ranks", "3", "--partition", "graph.part.3"}).code,
            0);
  ASSERT_EQ(train("shards", "sharded", kGcn).code, 0);
  EXPECT_EQ(file("whole/predictions.npy"), file("sharded/predictions.npy"));
  EXPECT_EQ(file("whole/model.safetensors"), file("sharded/model.safetensors"));
}

TEST_F(Shards, AutoTakesStreamWhereMetisWouldNotFit) {
  const Ended plenty = run({"partition", kData, "--parts", "2", "--out", "a", "--memory-limit", "1G"});
  EXPECT_THAT(plenty.out, HasSubstr("by metis; METIS may take"));
  const Ended little = run({"partition", kData, "--parts", "2", "--out", "b", "--memory-limit", "50k"});
  EXPECT_THAT(little.out, HasSubstr("by stream; METIS may take"));
}

TEST_F(Shards, OtherNumbersOfRanksAreTold) {
  partition(kData, 4);
  const Ended ended = train("shards", "run", kGcn + std::vector<std::string>{"--ranks", "2"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("the dataset is of 4 parts, and the run of 2 ranks: run with --ranks 4"));
  const Ended method = train("shards", "run", kGcn + std::vector<std::string>{"--partition", "random"});
  EXPECT_EQ(method.code, 2);
  EXPECT_THAT(method.err, HasSubstr("the parts in shards are by metis"));
  EXPECT_FALSE(fs::exists(folder_.file("run")));
}

/// Rank 0 alone knows how much a process needs.
TEST_F(Shards, TooLittleMemoryEndsAllRanks) {
  partition(kData, 3);
  const Ended ended = train("shards", "run", kGcn + std::vector<std::string>{"--memory-limit", "1M"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("--memory-limit 1M: a process needs"));
  EXPECT_FALSE(fs::exists(folder_.file("run")));
  EXPECT_EQ(train("shards", "run", kGcn + std::vector<std::string>{"--memory-limit", "1G"}).code, 0);
}

TEST_F(Shards, FilesThatAreNotThereOrNotWholeAreTold) {
  partition(kData, 3);
  const std::string path = folder_.file("shards/shard-1.npz"), good = read_bytes(path);
  const auto refused = [&](const char* says) {
    const Ended ended = train("shards", "run", kGcn);
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("shard-1.npz"));
    EXPECT_THAT(ended.err, HasSubstr(says));
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    const Ended info = run({"info", "shards"});
    EXPECT_EQ(info.code, 2);
    EXPECT_THAT(info.err, HasSubstr("shard-1.npz"));
    EXPECT_FALSE(fs::exists(folder_.file("run")));
  };
  fs::remove(path);
  refused("cannot read");
  folder_.write("shards/shard-1.npz", good.substr(0, 5000));
  refused("shard-1.npz");
  std::string damaged = good;
  damaged[damaged.size() / 2] ^= 1;
  folder_.write("shards/shard-1.npz", damaged);
  refused("checksum");
  folder_.write("shards/shard-1.npz", read_bytes(folder_.file("shards/shard-2.npz")));
  refused("copy the right file");
  folder_.write("shards/shard-1.npz", good);
  EXPECT_EQ(train("shards", "run", kGcn).code, 0);
}

TEST_F(Shards, InfoTellsWhatTheyAre) {
  partition(kData, 3);
  const Ended text = run({"info", "shards"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr("3 by metis"));
  EXPECT_THAT(text.out, HasSubstr("every checksum is right"));
  json shards = json::parse(run({"info", "shards", "--json"}).out),
       whole = json::parse(run({"info", kData, "--json"}).out);
  EXPECT_EQ(shards["parts"]["shards"].size(), 3u);
  shards.erase("parts");
  EXPECT_EQ(shards, whole);
}

TEST_F(Shards, WhatNeedsTheWholeDatasetPutsItTogether) {
  partition(kData, 2);
  ASSERT_EQ(train("shards", "run", kGcn).code, 0);
  const json scores = json::parse(run({"predict", "run", "--json", "--out", "again.npy"}).out);
  const json summary = json::parse(file("run/summary.json"));
  EXPECT_NEAR(scores["test_accuracy"].get<double>(), summary["test_accuracy"].get<double>(), 0.02);
  EXPECT_EQ(run({"convert", "shards", "whole.npz"}).code, 0);
  EXPECT_EQ(train("whole.npz", "whole", kGcn + std::vector<std::string>{"--ranks", "2"}).code, 0);
  EXPECT_EQ(file("whole/predictions.npy"), file("run/predictions.npy"));
  ASSERT_EQ(train("shards", "gamlp", {"--model", "gamlp", "--ranks", "3"}).code, 0);
  ASSERT_EQ(train(kData, "gamlp-whole", {"--model", "gamlp", "--ranks", "3"}).code, 0);
  EXPECT_EQ(file("gamlp/predictions.npy"), file("gamlp-whole/predictions.npy"));
}

TEST_F(Shards, TheReportShowsTheDataAndTheClasses) {
  partition(kData, 2);
  ASSERT_EQ(train("shards", "run", kGcn).code, 0);
  const auto has_all = [](const std::string& page) {
    for (const char* part : {"Confusion matrix of the test nodes", "The data", "Test nodes by class"}) {
      EXPECT_THAT(page, HasSubstr(part));
    }
  };
  has_all(file("run/report.html"));
  ASSERT_EQ(run({"report", "run", "--out", "page.html"}).code, 0);
  has_all(file("page.html"));
}

TEST_F(Shards, ARunGoesOn) {
  partition(kData, 2);
  ASSERT_EQ(train("shards", "whole", kGcn + std::vector<std::string>{"--epochs", "8"}).code, 0);
  ASSERT_EQ(train("shards", "run", kGcn + std::vector<std::string>{"--checkpoint-every", "5"}).code, 0);
  const Ended ended = run({"train", "--resume", "run", "--epochs", "8", "--quiet"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(file("whole/model.safetensors"), file("run/model.safetensors"));
  EXPECT_EQ(file("whole/predictions.npy"), file("run/predictions.npy"));
}

TEST_F(Shards, WordsThatDoNotFitAreToldBeforeAnyWork) {
  folder_.write("there", "");
  const std::pair<std::vector<std::string>, std::string> bad[] = {
      {{"--parts", "0", "--out", "x"}, "--parts is 0"},
      {{"--parts", "two", "--out", "x"}, "--parts is two"},
      {{"--out", "x"}, "--parts is missing"},
      {{"--parts", "2", "--out", "there"}, "is there already"},
      {{"--parts", "2", "--out", "x", "--partition", "luck"}, "luck"},
      {{"--parts", "2", "--out", "x", "--partition", "absent.part"}, "absent.part"},
      {{"--parts", "2", "--out", "x", "--memory-limit", "much"}, "--memory-limit"},
      {{"--parts", "301", "--out", "x"}, "301"},
  };
  for (const auto& [words, says] : bad) {
    const Ended ended = run(std::vector<std::string>{"partition", kData} + words);
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(says));
    EXPECT_FALSE(fs::exists(folder_.file("x")));
  }
  EXPECT_EQ(folder_.files(), 1u);
}

}  // namespace
}  // namespace tersegraph::testing
