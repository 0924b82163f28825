// The program under mpirun: the same bits as with ranks that are threads, and one message for all ranks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <tuple>

#include "cli/program.h"

namespace tersegraph::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kData = "sbm:nodes=300,edges=1500,features=12,classes=4,seed=3";

struct Kind {
  std::string name;
  std::vector<std::string> words;
};

const Kind kKinds[] = {
    {"gcn", {"--model", "gcn", "--epochs", "6", "--norm", "layer", "--exchange", "uniform", "--bits", "3"}},
    {"sage", {"--model", "sage", "--epochs", "6", "--norm", "layer", "--exchange", "uniform", "--bits", "3"}},
    {"gamlp", {"--model", "gamlp", "--epochs", "6", "--dropout", "0.3"}},
    {"admm", {"--model", "gamlp", "--optimizer", "admm", "--quantize", "pq", "--bits", "2", "--stages", "2,5"}},
    {"admm_nodes",
     {"--model", "gamlp", "--optimizer", "admm", "--quantize", "pq", "--stages", "2,5", "--node-ranks", "3"}},
};

std::vector<std::string> train_words(const std::string& out, const Kind& kind) {
  std::vector<std::string> words = {"train",     "--quiet", "--data", kData, "--hidden", "24",
                                    "--threads", "1",       "--out",  out,   "--seed",   "8"};
  words.insert(words.end(), kind.words.begin(), kind.words.end());
  return words;
}

Ended run_under_mpi(int ranks, const std::vector<std::string>& words, const std::string& folder) {
  std::vector<std::string> command = {MPIEXEC, "-n", std::to_string(ranks), TERSEGRAPH_PROGRAM};
  command.insert(command.end(), words.begin(), words.end());
  return run_program(command, folder);
}

int lines_of_tersegraph(const std::string& text) {
  int count = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) count += line.starts_with("tersegraph: ");
  return count;
}

class Mpi : public ::testing::TestWithParam<Kind> {};

TEST_P(Mpi, GivesTheBitsOfThreads) {
  const TemporaryFolder folder;
  std::vector<std::string> threads = train_words("threads", GetParam());
  threads.insert(threads.end(), {"--ranks", "3"});
  ASSERT_EQ(run_tersegraph(threads, folder.file("")).code, 0);
  const Ended ended = run_under_mpi(3, train_words("processes", GetParam()), folder.file(""));
  ASSERT_EQ(ended.code, 0) << ended.err;
  for (const char* file : {"model.safetensors", "predictions.npy", "config.toml"}) {
    EXPECT_EQ(read_bytes(folder.file(std::string("threads/") + file)),
              read_bytes(folder.file(std::string("processes/") + file)))
        << file;
  }
}

INSTANTIATE_TEST_SUITE_P(Model, Mpi, ::testing::ValuesIn(kKinds), [](const auto& info) { return info.param.name; });

/// Each rank with a folder of its own, as on hosts of their own, in which there is no other rank's file.
TEST(MpiShards, ARankNeedsItsOwnFileAlone) {
  const TemporaryFolder folder;
  const std::vector<std::string> cut = {"partition", kData, "--parts", "2", "--partition", "metis", "--out", "all"};
  ASSERT_EQ(run_tersegraph(cut, folder.file("")).code, 0);
  for (const Kind& kind : {kKinds[0], kKinds[1]}) {
    std::vector<std::string> threads = train_words("threads-" + kind.name, kind), words = kind.words;
    threads.insert(threads.end(), {"--ranks", "2"});
    ASSERT_EQ(run_tersegraph(threads, folder.file("")).code, 0);
    std::vector<std::string> command = {MPIEXEC};
    for (const std::string rank : {"0", "1"}) {
      const std::filesystem::path host = folder.file("host" + rank);
      std::filesystem::create_directories(host);
      for (const std::string& name : {std::string("manifest.json"), "shard-" + rank + ".npz"}) {
        std::filesystem::copy_file(folder.file("all/" + name), host / name,
                                   std::filesystem::copy_options::overwrite_existing);
      }
      std::vector<std::string> own = train_words("processes-" + kind.name, kind);
      std::ranges::replace(own, std::string(kData), host.string());
      command.insert(command.end(), {"-n", "1", TERSEGRAPH_PROGRAM});
      command.insert(command.end(), own.begin(), own.end());
      command.emplace_back(":");
    }
    command.pop_back();
    const TemporaryFolder streams;
    Program program(command, folder.file(""), streams);
    ASSERT_EQ(program.exit_code(), 0) << program.err();
    for (const char* file : {"model.safetensors", "predictions.npy"}) {
      EXPECT_EQ(read_bytes(folder.file(fmt::format("threads-{}/{}", kind.name, file))),
                read_bytes(folder.file(fmt::format("processes-{}/{}", kind.name, file))))
          << file;
    }
  }
}

TEST(MpiShards, MistakesAreToldOnce) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_tersegraph({"partition", kData, "--parts", "3", "--out", "shards"}, folder.file("")).code, 0);
  const std::vector<std::string> words = {"train", "--quiet", "--data", "shards", "--out", "run"};
  const Ended ranks = run_under_mpi(2, words, folder.file(""));
  EXPECT_EQ(ranks.code, 2);
  EXPECT_EQ(lines_of_tersegraph(ranks.err), 1) << ranks.err;
  EXPECT_THAT(ranks.err, HasSubstr("start 3 processes"));
  std::filesystem::remove(folder.file("shards/shard-2.npz"));
  const Ended absent = run_under_mpi(3, words, folder.file(""));
  EXPECT_EQ(absent.code, 2);
  EXPECT_EQ(lines_of_tersegraph(absent.err), 1) << absent.err;
  EXPECT_THAT(absent.err, HasSubstr("shard-2.npz"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("run")));
}

TEST(MpiErrors, AreToldOnce) {
  const TemporaryFolder folder;
  const std::pair<std::vector<std::string>, std::string> bad[] = {
      {{"--model", "gat"}, "known: gcn, sage"},  // before MPI starts
      {{"--ranks", "7"}, "launcher started 2"},
      {{"--data", "absent.npz"}, "absent.npz"},  // on every rank
      {{"--loss", "mse"}, "mse"},                // in the trainer
      {{"--out", "/proc/run"}, "/proc/run"},     // on rank 0 alone
      {{"--split", "0.6;0.4"}, "0.6;0.4"},
  };
  for (const auto& [words, says] : bad) {
    std::vector<std::string> command = {"train", "--quiet", "--epochs", "2", "--data", kData, "--out", "run"};
    command.insert(command.end(), words.begin(), words.end());
    const Ended ended = run_under_mpi(2, command, folder.file(""));
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_EQ(lines_of_tersegraph(ended.err), 1) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(says));
    EXPECT_EQ(folder.files(), 0u) << says;
  }
}

TEST(MpiErrors, WorkOfOneProcessIsRefused) {
  const TemporaryFolder folder;
  const std::vector<std::string> commands[] = {{"info", kData},
                                               {"partition", kData, "--parts", "2", "--out", "shards"},
                                               {"generate", "sbm:nodes=10,edges=20,classes=2", "--out", "new.npz"}};
  for (const std::vector<std::string>& words : commands) {
    const Ended ended = run_under_mpi(2, words, folder.file(""));
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_EQ(lines_of_tersegraph(ended.err), 1) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr(words.front() + " is the work of one process"));
    EXPECT_EQ(folder.files(), 0u);
  }
}

/// Two ranks that were started with different words.
Ended run_unlike(const std::vector<std::string>& first, const std::vector<std::string>& second,
                 const TemporaryFolder& folder) {
  std::vector<std::string> command = {MPIEXEC};
  for (const auto* own : {&first, &second}) {
    command.insert(command.end(), {"-n", "1", TERSEGRAPH_PROGRAM, "train", "--quiet", "--epochs", "2", "--out", "run"});
    command.insert(command.end(), own->begin(), own->end());
    command.emplace_back(":");
  }
  command.pop_back();
  return run_program(command, folder.file(""));
}

TEST(MpiErrors, ARankThatNeverStartsIsNotWaitedForWithoutEnd) {
  const TemporaryFolder folder;
  const Ended ended = run_program({MPIEXEC, "-n", "1", TERSEGRAPH_PROGRAM, "train", "--quiet", "--epochs", "2",
                                   "--data", kData, "--out", "run", "--timeout", "2", ":", "-n", "1", "sleep", "60"},
                                  folder.file(""));
  EXPECT_EQ(ended.code, 3) << ended.err;
  EXPECT_EQ(lines_of_tersegraph(ended.err), 1) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("within 2 s (--timeout)"));
  EXPECT_EQ(folder.files(), 0u);
}

TEST(MpiErrors, RanksThatWereStartedUnlikeAreTold) {
  const TemporaryFolder folder;
  const std::tuple<std::vector<std::string>, std::vector<std::string>, std::string> pairs[] = {
      {{"--data", kData, "--lr", "0.1"},
       {"--data", kData, "--lr", "0.2"},
       "rank 1 .*--lr is '0.2' there and '0.1' here"},
      {{"--data", kData}, {"--data", kData, "--lr", "fast"}, "rank 1: .*fast"},  // before MPI starts
  };
  for (const auto& [first, second, says] : pairs) {
    const Ended ended = run_unlike(first, second, folder);
    EXPECT_EQ(ended.code, 2) << ended.err;
    EXPECT_EQ(lines_of_tersegraph(ended.err), 1) << ended.err;
    EXPECT_THAT(ended.err, ::testing::ContainsRegex(says));
    EXPECT_EQ(folder.files(), 0u) << says;
  }
}

}  // namespace
}  // namespace tersegraph::testing
