// Plans beside runs of the same words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace tersegraph::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::string kData = "sbm:nodes=400,edges=3000,features=20,classes=4,seed=5";

/// 1 ns for everything that is computed, and next to nothing for moving a byte.
void write_some_rates(const std::string& path) {
  json rates = {{"version", 3}, {"machine", "none"}, {"cores", 2}};
  for (const char* name : {"spmm", "gemm", "gemm_ta", "gemm_tb", "encode", "decode", "encode_far", "decode_far",
                           "admm.p", "admm.w_z", "admm.q_u", "admm.round", "admm.terms", "copy"}) {
    const bool of_bytes = std::string(name) == "copy";
    rates["tables"][name] = {{"x", {1}}, {"y", {1}}, {"seconds", {of_bytes ? 1e-15 : 1e-9}}};
  }
  for (const char* name :
       {"spmm_row", "activation", "activation_backward", "norm", "norm_backward", "loss", "optimizer", "checksum",
        "socket", "message", "region", "admm.last", "sum_row", "speedup.gather", "speedup.gemm", "speedup.stream"}) {
    const std::string rate = name;
    const bool of_bytes = rate == "checksum" || rate == "socket";
    rates["numbers"][rate] = rate.starts_with("speedup") ? 2 : of_bytes ? 1e-15 : 1e-9;
  }
  std::ofstream(path) << rates;
}

json planned(std::vector<std::string> words, const TemporaryFolder& folder) {
  words.insert(words.begin(), "plan");
  words.insert(words.end(), {"--json", "--rates", "rates.json"});
  const Ended ended = run_tersegraph(words, folder.file(""));
  EXPECT_EQ(ended.code, 0) << ended.err;
  return ended.code == 0 ? json::parse(ended.out) : json();
}

json counted(std::vector<std::string> words, const TemporaryFolder& folder) {
  words.insert(words.begin(), "train");
  words.insert(words.end(), {"--quiet", "--out", "run"});
  const Ended ended = run_tersegraph(words, folder.file(""));
  EXPECT_EQ(ended.code, 0) << ended.err;
  return ended.code == 0 ? json::parse(read_bytes(folder.file("run/summary.json"))) : json();
}

json without_setup(json bytes) {
  bytes.erase("setup");
  std::erase_if(bytes.get_ref<json::object_t&>(), [](const auto& kind) { return kind.second == 0; });
  return bytes;
}

void expect_bytes_of_run(const std::string& data, const std::vector<std::string>& words) {
  const TemporaryFolder folder;
  write_some_rates(folder.file("rates.json"));
  if (data == "shards") {
    const Ended cut = run_tersegraph({"partition", kData, "--parts", "3", "--out", "shards"}, folder.file(""));
    ASSERT_EQ(cut.code, 0) << cut.err;
  }
  std::vector<std::string> plan = {data}, train = {"--data", data};
  plan.insert(plan.end(), words.begin(), words.end());
  train.insert(train.end(), words.begin(), words.end());
  const json expected = planned(plan, folder);
  EXPECT_TRUE(expected["exact_bytes"].get<bool>());
  EXPECT_GT(expected["epoch_seconds"].get<double>(), 0);
  json bytes = without_setup(counted(train, folder)["bytes_sent"]["by_kind"]);
  // Only values tell which rows' minima take two bytes more.
  const bool rounds = std::ranges::find(words, "uniform") != words.end();
  for (const char* kind : {"halo_forward", "halo_backward"}) {
    const int64_t planned_bytes = expected["bytes"]["run"][kind], more = bytes[kind].get<int64_t>() - planned_bytes;
    EXPECT_TRUE(rounds ? more >= 0 && more % 2 == 0 && more < planned_bytes / 1000 : more == 0) << kind << " " << more;
    bytes[kind] = planned_bytes;
  }
  EXPECT_EQ(expected["bytes"]["run"], bytes);
}

TEST(Plan, BytesAreThoseOfTheRun) {
  expect_bytes_of_run(kData, {"--ranks", "2", "--epochs", "4", "--hidden", "24", "--exchange", "exact"});
  expect_bytes_of_run(kData, {"--ranks", "4", "--epochs", "3", "--hidden", "24", "--model", "sage", "--exchange",
                              "uniform", "--bits", "4", "--eval-every", "2"});
}

TEST(Plan, OfShardsReadsThemAlone) {
  expect_bytes_of_run("shards", {"--epochs", "3", "--hidden", "24", "--exchange", "uniform", "--bits", "2"});
}

TEST(Plan, OnlySecondsDependOnTheLink) {
  const TemporaryFolder folder;
  write_some_rates(folder.file("rates.json"));
  const json slow = planned({kData, "--ranks", "2", "--exchange", "exact", "--link", "1mbit"}, folder);
  const json fast = planned({kData, "--ranks", "2", "--exchange", "exact", "--link", "100gbit"}, folder);
  EXPECT_EQ(slow["bytes"], fast["bytes"]);
  EXPECT_EQ(slow["memory_bytes"], fast["memory_bytes"]);
  // The slow link's wire time at least.
  double halo = 0;
  for (const char* kind : {"halo_forward", "halo_backward"}) halo += slow["bytes"]["epoch"][kind].get<double>();
  EXPECT_GT(slow["epoch_seconds"].get<double>(), halo / 2 * 8 / 1e6);
  EXPECT_LT(fast["epoch_seconds"].get<double>(), slow["epoch_seconds"].get<double>());
}

TEST(Plan, WithoutOverlapWhatWasHiddenComesOnTop) {
  const TemporaryFolder folder;
  write_some_rates(folder.file("rates.json"));
  const std::vector<std::string> words = {kData, "--ranks", "2", "--exchange", "exact", "--link", "1mbit"};
  std::vector<std::string> waiting = words;
  waiting.emplace_back("--no-overlap");
  const json with = planned(words, folder), without = planned(waiting, folder);
  EXPECT_EQ(with["bytes"], without["bytes"]);
  const double hidden = with["seconds"]["central"].get<double>();  // the link is slow enough to hide all of it
  EXPECT_GT(hidden, 0);
  EXPECT_EQ(without["seconds"]["central"], 0.0);
  const double more = without["epoch_seconds"].get<double>() - with["epoch_seconds"].get<double>();
  EXPECT_NEAR(more, hidden, 0.2 * hidden);  // in the mean of two ranks, of which the later one decides
}

TEST(Plan, OfAShapeIsAnEstimate) {
  const TemporaryFolder folder;
  write_some_rates(folder.file("rates.json"));
  const json plan = planned({"shape:nodes=100000,edges=900000,features=64,classes=8,halo=0.5", "--ranks", "4"}, folder);
  EXPECT_TRUE(plan["estimate"].get<bool>());
  EXPECT_FALSE(plan["exact_bytes"].get<bool>());
  EXPECT_EQ(plan["halo_rows"], 50000);
  EXPECT_EQ(plan["exchange"], "adaptive");
}

TEST(Plan, OfTheLargestShapeIsCounted) {
  const TemporaryFolder folder;
  write_some_rates(folder.file("rates.json"));
  const std::string shape = "shape:nodes=1e11,edges=1e12,features=1e6,classes=1e6,halo=1e6";
  const json plan = planned({shape, "--ranks", "4", "--exchange", "exact"}, folder);
  EXPECT_EQ(plan["halo_rows"], 300'000'000'000);  // of every node on all other ranks
  EXPECT_GT(plan["memory_bytes"]["total"].get<double>(), 4. * 1e11 / 4 * 1e6);
  for (const auto& [kind, bytes] : plan["bytes"]["run"].items()) EXPECT_GE(bytes.get<double>(), 0) << kind;
  EXPECT_GT(plan["bytes"]["epoch"]["halo_forward"].get<double>(), 4. * 3e11 * 256);
}

TEST(Plan, TableRecommendsRanksByTheLink) {
  const TemporaryFolder folder;
  write_some_rates(folder.file("rates.json"));
  const auto recommended = [&](const std::string& link) {
    return planned({kData, "--ranks", "2", "--table", "--link", link}, folder)["recommended"];
  };
  EXPECT_EQ(recommended("100kbit")["ranks"], 1);
  EXPECT_EQ(recommended("100tbit")["bits"], 32.0);
}

TEST(Plan, WithoutRatesKnowsBytes) {
  const TemporaryFolder folder;
  setenv("XDG_CACHE_HOME", folder.file("cache").c_str(), 1);
  const Ended ended = run_tersegraph({"plan", kData, "--ranks", "2"}, folder.file(""));
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("halo_forward"));
  EXPECT_THAT(ended.out, HasSubstr("--calibrate"));
}

}  // namespace
}  // namespace tersegraph::testing
