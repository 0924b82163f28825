// The program as its users see it.
#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/small_graph.h"

namespace tersegraph::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(Program, HelpsEverywhere) {
  const TemporaryFolder folder;
  for (const std::string command :
       {"", "train", "predict", "report", "info", "generate", "convert", "partition", "plan", "completion", "man"}) {
    std::vector<std::string> words = {"--help"};
    if (!command.empty()) words.insert(words.begin(), command);
    const Ended ended = run_tersegraph(words, folder.file(""));
    EXPECT_EQ(ended.code, 0) << command;
    EXPECT_THAT(ended.out, HasSubstr("Example")) << command;
    EXPECT_EQ(ended.err, "");
  }
}

TEST(Program, TellsItsVersion) {
  const Ended ended = run_tersegraph({"--version"}, "/");
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, ::testing::MatchesRegex("tersegraph [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Info, SaysWhatADatasetIs) {
  const TemporaryFolder folder;
  folder.write("good.npz", small_graph().bytes());
  const Ended ended = run_tersegraph({"info", "good.npz", "--json"}, folder.file(""));
  ASSERT_EQ(ended.code, 0) << ended.err;
  const json facts = json::parse(ended.out);
  EXPECT_EQ(facts["nodes"], 6);
  EXPECT_EQ(facts["edges"], 12);
  EXPECT_EQ(facts["max_degree"], 2);
  EXPECT_EQ(facts["class_counts"], json({3, 3}));
  EXPECT_EQ(facts["splits"], json::array({{{"train", 2}, {"val", 2}, {"test", 2}}}));
  EXPECT_DOUBLE_EQ(facts["edge_homophily"].get<double>(), 8.0 / 12.0);
  const Ended table = run_tersegraph({"info", "good.npz"}, folder.file(""));
  EXPECT_THAT(table.out, HasSubstr("6 undirected"));
}

TEST(Info, NamesTheFormatAndWhatTrainingWouldStumbleOver) {
  const TemporaryFolder folder;
  NpzFile npz = small_graph();
  folder.write("good.npz", npz.bytes());
  const json good = json::parse(run_tersegraph({"info", "good.npz", "--json"}, folder.file("")).out);
  EXPECT_EQ(good["format"], "Tersegraph");
  EXPECT_EQ(good["remarks"], json::array());
  folder.write("list.txt", "0 1\n1 2\n");
  const Ended list = run_tersegraph({"info", "list.txt"}, folder.file(""));
  EXPECT_THAT(list.out, HasSubstr("format     edge list"));
  EXPECT_THAT(list.out, HasSubstr("there are no features"));
  folder.write("bad.txt", "0 1\none two\n");
  const Ended bad = run_tersegraph({"info", "bad.txt"}, folder.file(""));
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err, HasSubstr("line 2"));
  EXPECT_THAT(bad.err, HasSubstr("(read as edge list)"));
}

TEST(Train, RepeatsARunOfAPreset) {
  const TemporaryFolder folder;
  ASSERT_EQ(
      run_tersegraph({"generate", "sbm:nodes=200,edges=800,features=8,classes=3", "--out", "g.npz"}, folder.file(""))
          .code,
      0);
  folder.write("mine.toml", "iterations = \"2,2,2\"\npreset = \"pdadmm-g-q-cora-10x100\"\n");
  const std::vector<std::string> words = {"train", "--quiet", "--threads", "1", "--data", "g.npz"};
  auto train = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    const Ended ended = run_tersegraph(more, folder.file(""));
    EXPECT_EQ(ended.code, 0) << ended.err;
  };
  train({"--preset", "pdadmm-g-q-cora-10x100", "--iterations", "2,2,2", "--out", "by_flag"});
  train({"--config", "mine.toml", "--out", "by_file"});
  train({"--config", "by_flag/config.toml", "--out", "again"});
  const std::string config = read_bytes(folder.file("by_flag/config.toml"));
  EXPECT_THAT(config, HasSubstr("grid = \"code\""));
  EXPECT_THAT(config, ::testing::Not(HasSubstr("preset")));
  for (const std::string other : {"by_file", "again"}) {
    EXPECT_EQ(read_bytes(folder.file(other + "/config.toml")), config);
    EXPECT_EQ(read_bytes(folder.file(other + "/predictions.npy")), read_bytes(folder.file("by_flag/predictions.npy")));
  }
}

TEST(Generate, WritesWhatTheWordsSay) {
  const TemporaryFolder folder;
  const std::string words = "sbm:nodes=50,edges=200,features=5,classes=3,seed=4";
  ASSERT_EQ(run_tersegraph({"generate", words, "--out", "made.npz"}, folder.file("")).code, 0);
  const json made = json::parse(run_tersegraph({"info", "made.npz", "--json"}, folder.file("")).out);
  EXPECT_EQ(made["nodes"], 50);
  EXPECT_EQ(made["edges"], 400);
  EXPECT_EQ(made["features"], 5);
  // Training on the file is training on the words.
  for (const auto& [data, out] : {std::pair{words, "of_words"}, {std::string("made.npz"), "of_file"}}) {
    ASSERT_EQ(run_tersegraph({"train", "--quiet", "--epochs", "2", "--data", data, "--out", out}, folder.file("")).code,
              0);
  }
  EXPECT_EQ(read_bytes(folder.file("of_words/predictions.npy")), read_bytes(folder.file("of_file/predictions.npy")));
}

TEST(Convert, MakesADirectedGraphSymmetric) {
  const TemporaryFolder folder;
  NpzFile directed = small_graph();
  directed.set<int64_t>("adj_indptr", {0, 1, 2, 3, 4, 5, 6})
      .set<int32_t>("adj_indices", {1, 2, 3, 4, 5, 0})
      .set<uint8_t>("directed", {1});
  folder.write("directed.npz", directed.bytes());
  ASSERT_EQ(run_tersegraph({"convert", "directed.npz", "kept.npz"}, folder.file("")).code, 0);
  ASSERT_EQ(run_tersegraph({"convert", "directed.npz", "ring.npz", "--symmetrise"}, folder.file("")).code, 0);
  const json kept = json::parse(run_tersegraph({"info", "kept.npz", "--json"}, folder.file("")).out);
  EXPECT_EQ(kept["edges"], 6);
  EXPECT_EQ(kept["directed"], true);
  const json ring = json::parse(run_tersegraph({"info", "ring.npz", "--json"}, folder.file("")).out);
  EXPECT_EQ(ring["edges"], 12);
  EXPECT_EQ(ring["directed"], false);
}

TEST(Predict, RepeatsTheRunsScoresAndPredictions) {
  const TemporaryFolder folder;
  const std::vector<std::string> train = {
      "train",    "--quiet", "--epochs", "5", "--data", "sbm:nodes=200,edges=800,features=8,classes=3",
      "--hidden", "16",      "--ranks",  "2", "--out",  "run"};
  ASSERT_EQ(run_tersegraph(train, folder.file("")).code, 0);
  const Ended ended = run_tersegraph({"predict", "run", "--out", "again.npy"}, folder.file(""));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(read_bytes(folder.file("again.npy")), read_bytes(folder.file("run/predictions.npy")));
  const json summary = json::parse(read_bytes(folder.file("run/summary.json")));
  char line[64];
  std::snprintf(line, sizeof line, "%-16s %.4f\n", "test_accuracy", summary["test_accuracy"].get<double>());
  EXPECT_THAT(ended.out, HasSubstr(line));
  const json told = json::parse(run_tersegraph({"predict", "run", "--json"}, folder.file("")).out);
  EXPECT_EQ(told["test_accuracy"], summary["test_accuracy"]);
}

TEST(Predict, RefusesDataOfOtherShape) {
  const TemporaryFolder folder;
  folder.write("good.npz", small_graph().bytes());
  ASSERT_EQ(
      run_tersegraph({"train", "--quiet", "--epochs", "1", "--data", "good.npz", "--out", "run"}, folder.file("")).code,
      0);
  const Ended ended =
      run_tersegraph({"predict", "run", "--data", "sbm:nodes=20,edges=40,features=7,classes=2"}, folder.file(""));
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("7 features"));
}

TEST(Train, ExitsWith3WhenItDiverges) {
  const TemporaryFolder folder;
  const Ended ended = run_tersegraph({"train", "--quiet", "--data", "sbm:nodes=200,edges=800,features=8,classes=3",
                                      "--optimizer", "sgd", "--lr", "1e30", "--epochs", "20", "--out", "run"},
                                     folder.file(""));
  EXPECT_EQ(ended.code, 3) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("diverged"));
  EXPECT_EQ(json::parse(read_bytes(folder.file("run/summary.json")))["diverged"], true);
}

class Signals : public ::testing::TestWithParam<int> {};

TEST_P(Signals, EndARunAfterItsEpochWithItsResults) {
  const TemporaryFolder folder, streams;
  Program program({TERSEGRAPH_PROGRAM, "train", "--data", "sbm:nodes=200,edges=800,features=8,classes=3", "--ranks",
                   "2", "--threads", "1", "--epochs", "100000000", "--out", "run"},
                  folder.file(""), streams);
  const std::string metrics = folder.file("run/metrics.jsonl");
  for (int wait = 0; wait < 600 && read_bytes(metrics).size() < 1000; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  kill(program.process(), GetParam());
  EXPECT_EQ(program.exit_code(), 128 + GetParam()) << program.err();
  const json summary = json::parse(read_bytes(folder.file("run/summary.json")));
  EXPECT_EQ(summary["ending"], "stopped");
  EXPECT_GE(summary["epochs"].get<int>(), 1);
  EXPECT_GT(std::filesystem::file_size(folder.file("run/model.safetensors")), 0u);
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

TEST_P(Signals, LeaveNothingHalfWritten) {
  const std::string data = "sbm:nodes=200000,edges=400000,features=128,classes=3";
  const std::vector<std::vector<std::string>> commands = {
      {"generate", data, "--out", "new.npz"},
      {"partition", data, "--parts", "2", "--partition", "block", "--out", "new"}};
  for (std::vector<std::string> words : commands) {
    const TemporaryFolder folder, streams;
    words.insert(words.begin(), TERSEGRAPH_PROGRAM);
    Program program(words, folder.file(""), streams);
    for (int wait = 0; wait < 60'000 && names_in(folder.file("")).empty(); ++wait) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kill(program.process(), GetParam());
    EXPECT_EQ(program.exit_code(), 128 + GetParam()) << program.err();
    EXPECT_THAT(names_in(folder.file("")), ::testing::IsEmpty()) << words[1];
  }
}

INSTANTIATE_TEST_SUITE_P(Signal, Signals, ::testing::Values(SIGINT, SIGTERM));

}  // namespace
}  // namespace tersegraph::testing
