// Many ranks under mpirun, more than there are cores, against one rank: the same run up to the order of sums.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.h"

namespace tersegraph::testing {
namespace {

using nlohmann::json;

struct Case {
  std::string name;
  int ranks;
  std::vector<std::string> words, words_of_many;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

const std::vector<std::string> kGcn = {"--model", "gcn", "--epochs", "5", "--norm", "layer", "--dropout", "0.3"};
const std::vector<std::string> kSage = {"--model", "sage", "--epochs", "5", "--exchange", "exact"};
const std::vector<std::string> kAdmm = {"--model",      "gamlp", "--optimizer", "admm",
                                        "--iterations", "3,2,3", "--stages",    "2,4,6"};

const Case kCases[] = {
    {"Gcn8", 8, kGcn, {}},
    {"Gcn16", 16, kGcn, {}},
    {"Sage8", 8, kSage, {}},
    {"Admm8Layers", 8, kAdmm, {}},  // two of them have no layer
    {"Admm2x4", 8, kAdmm, {"--node-ranks", "4"}},
    {"Admm4x4", 16, kAdmm, {"--layer-ranks", "4", "--node-ranks", "4"}},
};

std::vector<json> metrics_of(const std::string& folder) {
  std::vector<json> lines;
  std::istringstream text(read_bytes(folder + "/metrics.jsonl"));
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

class ManyRanks : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, ManyRanks, ::testing::ValuesIn(kCases), [](const auto& info) { return info.param.name; });

TEST_P(ManyRanks, GiveTheResultsOfOne) {
  const Case& c = GetParam();
  const TemporaryFolder folder;
  std::vector<std::string> words = {
      "train",    "--quiet", "--data",    "sbm:nodes=400,edges=2500,features=12,classes=4,seed=3",
      "--hidden", "16",      "--threads", "1",
      "--seed",   "8"};
  words.insert(words.end(), c.words.begin(), c.words.end());
  std::vector<std::string> one = words, many = {MPIEXEC, "-n", std::to_string(c.ranks), TERSEGRAPH_PROGRAM};
  one.insert(one.end(), {"--out", "one"});
  ASSERT_EQ(run_tersegraph(one, folder.file("")).code, 0);
  many.insert(many.end(), words.begin(), words.end());
  many.insert(many.end(), {"--out", "many"});
  many.insert(many.end(), c.words_of_many.begin(), c.words_of_many.end());
  const Ended ended = run_program(many, folder.file(""));
  ASSERT_EQ(ended.code, 0) << ended.err;

  const std::vector<json> a = metrics_of(folder.file("many")), b = metrics_of(folder.file("one"));
  ASSERT_EQ(a.size(), b.size());
  ASSERT_FALSE(b.empty());
  for (size_t k = 0; k < b.size(); ++k) {
    for (const char* name : {"train_loss", "objective", "lagrangian"}) {
      if (!b[k].contains(name)) continue;
      const double expected = b[k][name];
      EXPECT_NEAR(a[k].at(name).get<double>(), expected, 1e-4 * std::abs(expected)) << name << ", epoch " << k + 1;
    }
    // One node of 80 may be a tie.
    EXPECT_NEAR(a[k].at("val_accuracy").get<double>(), b[k].at("val_accuracy").get<double>(), 0.0126) << k + 1;
  }
  const json summary = json::parse(read_bytes(folder.file("many/summary.json")));
  EXPECT_EQ(summary["ranks"], c.ranks);
  EXPECT_GT(summary["bytes_sent"]["total"], 0);
}

}  // namespace
}  // namespace tersegraph::testing
