#include "plan/rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/error.h"
#include "data/npz_files.h"
#include "plan/some_rates.h"

namespace tersegraph {
namespace {

using testing::TemporaryFolder;

TEST(Rates, BetweenPointsAreStraightInTheLogarithms) {
  const RateTable table{.x = {1, 100}, .y = {1, 10}, .seconds = {1, 10, 100, 1000}};  // x y
  EXPECT_NEAR(table.at(1, 1), 1, 1e-12);
  EXPECT_NEAR(table.at(100, 10), 1000, 1e-9);
  EXPECT_NEAR(table.at(10, std::sqrt(10.0)), 10 * std::sqrt(10.0), 1e-9);
  EXPECT_NEAR(table.at(0.5, 0.5), 1, 1e-12);  // beyond the edge as at it
  EXPECT_NEAR(table.at(1e9, 1e9), 1000, 1e-9);
}

TEST(Rates, ThreadsShareWhatAllCoresCanDo) {
  Rates rates = testing::some_rates();
  rates.cores = 4;
  rates.numbers["speedup.gather"] = 2;
  EXPECT_DOUBLE_EQ(rates.share("gather", 1), 1);
  EXPECT_DOUBLE_EQ(rates.share("gather", 4), 0.5);
  EXPECT_DOUBLE_EQ(rates.share("gather", 2.5), 0.75);
  EXPECT_DOUBLE_EQ(rates.share("gather", 8), 0.25);  // two threads a core
}

TEST(Rates, AreReadAsTheyWereWritten) {
  const TemporaryFolder folder;
  const Rates rates = testing::some_rates();
  write_rates(rates, folder.file("below/rates.json"));
  const Rates read = read_rates(folder.file("below/rates.json"));
  EXPECT_EQ(read.machine, rates.machine);
  EXPECT_EQ(read.cores, rates.cores);
  EXPECT_EQ(read.numbers, rates.numbers);
  EXPECT_EQ(read.tables.at("spmm").seconds, rates.tables.at("spmm").seconds);
}

std::string error_of(const std::string& path) {
  try {
    read_rates(path);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Rates, OfAnotherKindAreRefused) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of(folder.file("absent.json")), ::testing::HasSubstr("--calibrate"));
  for (const char* text : {"", "[]", "{}", R"({"version": 0})", R"({"version": 2, "machine": 3})",
                           R"({"version": 2, "machine": "a", "cores": 2, "tables": {}, "numbers": {}})"}) {
    std::ofstream(folder.file("bad.json")) << text;
    EXPECT_THAT(error_of(folder.file("bad.json")), ::testing::HasSubstr("--calibrate")) << text;
  }
}

}  // namespace
}  // namespace tersegraph
