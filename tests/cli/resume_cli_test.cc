// Runs that are stopped by signals, and disks that fail, from the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/program.h"

namespace tersegraph::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kData = "sbm:nodes=200,edges=800,features=8,classes=3";

std::vector<std::string> endless_run() {
  return {TERSEGRAPH_PROGRAM, "train", "--data",   kData,      "--ranks",   "2",    "--threads", "1",
          "--hidden",         "16",    "--epochs", "10000000", "--dropout", "0.25", "--out",     "run"};
}

void wait_for(const std::function<bool()>& done) {
  for (int wait = 0; wait < 600 && !done(); ++wait) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

class Stopped : public ::testing::TestWithParam<int> {};

TEST_P(Stopped, RunsGoOn) {
  const TemporaryFolder folder, streams;
  Program program(endless_run(), folder.file(""), streams);
  wait_for([&] { return read_bytes(folder.file("run/metrics.jsonl")).size() > 3000; });
  kill(program.process(), GetParam());
  ASSERT_EQ(program.exit_code(), 128 + GetParam()) << program.err();
  EXPECT_THAT(program.out(), HasSubstr("tersegraph train --resume run\n"));
  const json summary = json::parse(read_bytes(folder.file("run/summary.json")));
  EXPECT_EQ(summary["ending"], "stopped");
  const std::string epochs = fmt::format("{}", summary["epochs"].get<int>() + 5);

  // The run that has 5 epochs more, against one that was not stopped.
  std::string toml = read_bytes(folder.file("run/config.toml"));
  toml.replace(toml.find("10000000"), 8, epochs);
  folder.write("run/config.toml", toml);
  const Ended resumed = run_tersegraph({"train", "--resume", "run"}, folder.file(""));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("resume  after epoch"));
  ASSERT_EQ(run_tersegraph({"train", "--config", "run/config.toml", "--out", "whole", "--quiet"}, folder.file("")).code,
            0);
  EXPECT_EQ(read_bytes(folder.file("run/model.safetensors")), read_bytes(folder.file("whole/model.safetensors")));
  EXPECT_EQ(read_bytes(folder.file("run/predictions.npy")), read_bytes(folder.file("whole/predictions.npy")));

  const Ended again = run_tersegraph({"train", "--resume", "run"}, folder.file(""));
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.out, HasSubstr("nothing left to do"));
}

TEST(Resume, CompletesWhatAKilledProcessWasWritingAtItsEnd) {
  const TemporaryFolder folder;
  const std::string data = folder.file("");
  ASSERT_EQ(run_tersegraph({"train", "--epochs", "2", "--out", "run", "--quiet"}, data).code, 0);
  std::filesystem::remove(folder.file("run/report.html"));
  folder.write("run/report.html.123-4.tmp", "half a page");
  const Ended again = run_tersegraph({"train", "--resume", "run"}, data);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("nothing left to do"));
  EXPECT_THAT(read_bytes(folder.file("run/report.html")), HasSubstr("</html>"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("run/report.html.123-4.tmp")));
}

INSTANTIATE_TEST_SUITE_P(Signal, Stopped, ::testing::Values(SIGINT, SIGTERM, SIGUSR1, SIGHUP));

TEST(Resume, TakesNoOtherWords) {
  const TemporaryFolder folder;
  const Ended ended = run_tersegraph({"train", "--resume", "run", "--lr", "0.1"}, folder.file(""));
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("--lr cannot change"));
  EXPECT_EQ(run_tersegraph({"train", "--resume", "run"}, folder.file("")).code, 2);
}

/// While it lives, no file of a child may grow beyond so many bytes: what a full disk does, without one.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

int lines_of(const std::string& text) {
  return static_cast<int>(std::ranges::count(text, '\n'));
}

TEST(FullDisk, DoesNotEndTheTraining) {
  const TemporaryFolder folder, streams;
  std::optional<FileLimit> limit(8000);
  Program program({TERSEGRAPH_PROGRAM, "train", "--quiet", "--data", kData, "--hidden", "64", "--layers", "2",
                   "--epochs", "40", "--checkpoint-every", "3", "--out", "run"},
                  folder.file(""), streams);
  limit.reset();
  EXPECT_EQ(program.exit_code(), 3);
  EXPECT_EQ(lines_of(program.err()), 3) << program.err();  // of metrics, of checkpoints, and the end
  EXPECT_THAT(program.err(), HasSubstr("warning"));
  const std::string metrics = read_bytes(folder.file("run/metrics.jsonl"));
  EXPECT_TRUE(metrics.ends_with("}\n")) << "whole lines";
  for (const auto& file : fs::recursive_directory_iterator(folder.file("run"))) {
    EXPECT_NE(file.path().extension(), ".tmp") << file.path();
  }
}

TEST(VanishedFolder, IsToldOnceAndAtTheEnd) {
  const TemporaryFolder folder, streams;
  std::vector<std::string> words = endless_run();
  words.insert(words.end(), {"--quiet", "--checkpoint-every", "2"});
  Program program(words, folder.file(""), streams);
  wait_for([&] { return fs::exists(folder.file("run/checkpoint")); });
  fs::rename(folder.file("run"), folder.file("gone"));
  wait_for([&] { return lines_of(program.err()) >= 2; });
  kill(program.process(), SIGTERM);
  EXPECT_EQ(program.exit_code(), 3);
  EXPECT_EQ(lines_of(program.err()), 3) << program.err();
  EXPECT_FALSE(fs::exists(folder.file("run")));
}

}  // namespace
}  // namespace tersegraph::testing
