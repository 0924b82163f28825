// The program in a shell: help by parts, completion, the manual page, colours, tables for other programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "cli/program.h"

namespace tersegraph::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string printed(const std::vector<std::string>& words) {
  const Ended ended = run_tersegraph(words, "/");
  EXPECT_EQ(ended.code, 0) << ended.err;
  return ended.out;
}

TEST(Help, EveryPartFitsAScreen) {
  const std::string whole = printed({"train", "--help"});
  for (const std::string& line : lines_of(whole)) {
    if (line == "Examples:") break;
    // What cannot be broken may be longer.
    const bool one_word = line.find(' ', line.find_first_not_of(' ')) == std::string::npos;
    if (!one_word) EXPECT_LE(line.size(), 80u) << line;
  }
  std::smatch found;
  std::string parts = run_tersegraph({"train", "--help", "nothing"}, "/").err;
  ASSERT_TRUE(std::regex_search(parts, found, std::regex("it has ([a-z, ]+)")));
  std::istringstream names(found[1].str());
  int count = 0;
  for (std::string name; std::getline(names, name, ',');) {
    name = name.substr(name.find_first_not_of(' '));
    const std::vector<std::string> lines = lines_of(printed({"train", "--help", name}));
    EXPECT_GT(lines.size(), 2u) << name;
    EXPECT_LE(lines.size(), 24u) << name;
    ++count;
  }
  EXPECT_EQ(count, 12);
}

TEST(Help, OfAPartThatThereIsNotNamesTheNearest) {
  const Ended ended = run_tersegraph({"train", "--help", "modl"}, "/");
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("did you mean model?"));
}

/// What bash offers after these words.
std::string offered(const std::string& words, const TemporaryFolder& folder) {
  const std::string script = "source <(" TERSEGRAPH_PROGRAM " completion bash)\nCOMP_WORDS=(" + words +
                             ")\nCOMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))\n_tersegraph\necho \"${COMPREPLY[*]}\"\n";
  const Ended ended = run_program({"bash", "-c", script}, folder.file(""));
  EXPECT_EQ(ended.err, "");
  return ended.out;
}

TEST(Completion, OfBashOffersCommandsOptionsAndValues) {
  const TemporaryFolder folder;
  folder.write("my graph.npz", "");
  EXPECT_EQ(offered("tersegraph tra", folder), "train\n");
  EXPECT_EQ(offered("tersegraph train --weight-", folder), "--weight-decay\n");
  EXPECT_EQ(offered("tersegraph train --model ''", folder), "gcn sage gamlp sgc\n");
  EXPECT_EQ(offered("tersegraph train --preset adaqp-red", folder), "adaqp-reddit adaqp-reddit-sage\n");
  EXPECT_EQ(offered("tersegraph train --lr ''", folder), "\n");
  EXPECT_EQ(offered("tersegraph info my", folder), "my graph.npz\n");
  EXPECT_EQ(offered("tersegraph report --format ''", folder), "html csv json\n");
}

TEST(Completion, OfFishOffersValuesToo) {
  const TemporaryFolder folder;
  const Ended ended = run_program(
      {"fish", "-c",
       "source (" TERSEGRAPH_PROGRAM " completion fish | psub); complete -C 'tersegraph train --model s' | cut -f 1"},
      folder.file(""));
  if (ended.code == 127) GTEST_SKIP() << "no fish here";
  EXPECT_EQ(ended.out, "sage\nsgc\n") << ended.err;
}

TEST(Completion, OfZshIsSound) {
  const TemporaryFolder folder;
  const Ended ended = run_program({"zsh", "-f", "-c",
                                   "autoload -Uz compinit; compinit -u -D; source <(" TERSEGRAPH_PROGRAM
                                   " completion zsh); echo $_comps[tersegraph]"},
                                  folder.file(""));
  if (ended.code == 127) GTEST_SKIP() << "no zsh here";
  EXPECT_EQ(ended.out, "_tersegraph\n") << ended.err;
  EXPECT_EQ(ended.err, "");
}

TEST(Man, FormatsWithoutWarnings) {
  const TemporaryFolder folder;
  const std::string page = printed({"man"});
  folder.write("tersegraph.1", page);
  for (const char* const word : {"gather\\-bits", "pdadmm\\-g\\-q\\-cora\\-10x100", "EXIT STATUS", "NO_COLOR"}) {
    EXPECT_THAT(page, HasSubstr(word));
  }
  const Ended ended = run_program({"groff", "-man", "-Tutf8", "-ww", "tersegraph.1"}, folder.file(""));
  if (ended.code == 127) GTEST_SKIP() << "no groff here";
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(ended.out, HasSubstr("AdaQP on Yelp"));
}

TEST(Colours, AreForTerminalsThatWantThem) {
  const TemporaryFolder folder;
  auto on_terminal = [&](const std::string& environment) {
    return run_program({"env", "TERM=xterm", "sh", "-c",
                        "script -qec '" + environment + " " TERSEGRAPH_PROGRAM " train --lr x' /dev/null"},
                       folder.file(""));
  };
  const Ended coloured = on_terminal("NO_COLOR=");
  if (coloured.out.find("--lr is 'x'") == std::string::npos) GTEST_SKIP() << "no script here";
  EXPECT_THAT(coloured.out, HasSubstr("\x1b[1;31m"));
  EXPECT_THAT(on_terminal("NO_COLOR=1").out, Not(HasSubstr("\x1b[1;31m")));
  EXPECT_THAT(on_terminal("TERM=dumb").out, Not(HasSubstr("\x1b[1;31m")));
  EXPECT_THAT(run_tersegraph({"train", "--lr", "x"}, "/").err, Not(HasSubstr("\x1b")));
}

TEST(Tables, OfRunsAndEpochsAreCsvAndJson) {
  const TemporaryFolder folder;
  train_briefly(folder, "a,b", {"--ranks", "2"});
  train_briefly(folder, "c", {"--ranks", "2"});
  const json summary = json::parse(read_bytes(folder.file("c/summary.json")));
  const Ended told = run_tersegraph({"report", "a,b", "c", "--format", "json"}, folder.file(""));
  const json rows = json::parse(told.out);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1]["test_accuracy"], summary["test_accuracy"]);
  EXPECT_EQ(rows[1]["bytes_sent"]["total"], summary["bytes_sent"]["total"]);
  const std::vector<std::string> csv =
      lines_of(run_tersegraph({"report", "a,b", "c", "--format", "csv"}, folder.file("")).out);
  ASSERT_EQ(csv.size(), 3u);
  EXPECT_THAT(csv[0], ::testing::StartsWith("run,folder,data,"));
  EXPECT_THAT(csv[1], ::testing::StartsWith("\"a,b\",\"a,b\",\"sbm:"));
  EXPECT_THAT(csv[2], HasSubstr(summary["test_accuracy"].dump()));
  const std::vector<std::string> epochs =
      lines_of(run_tersegraph({"report", "c", "--format", "csv", "--epochs"}, folder.file("")).out);
  ASSERT_EQ(epochs.size(), 4u);
  EXPECT_THAT(epochs[0], HasSubstr("seconds.spmm"));
  const Ended refused = run_tersegraph({"report", "c", "--format", "cvs"}, folder.file(""));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("did you mean csv?"));
}

}  // namespace
}  // namespace tersegraph::testing
