#include "nn/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/error.h"

namespace tersegraph {
namespace {

TEST(Schedule, ConstantIsOne) {
  const Schedule s = Schedule::parse("constant");
  for (const int64_t epoch : {0, 5, 99, 1000}) EXPECT_EQ(s.factor(epoch, 100), 1.0);
}

TEST(Schedule, CosineFallsAlongHalfACosine) {
  const Schedule s = Schedule::parse("cosine");
  EXPECT_DOUBLE_EQ(s.factor(0, 100), 1.0);
  EXPECT_NEAR(s.factor(25, 100), 0.5 + 0.5 * std::sqrt(0.5), 1e-15);
  EXPECT_NEAR(s.factor(50, 100), 0.5, 1e-15);
  EXPECT_GT(s.factor(99, 100), 0.0);
  EXPECT_NEAR(s.factor(100, 100), 0.0, 1e-15);
  EXPECT_NEAR(s.factor(500, 100), 0.0, 1e-15) << "stays at its end";
}

TEST(Schedule, CosineWarmsUpAndStopsAtItsMinimum) {
  const Schedule s = Schedule::parse("cosine:warmup=4,min=0.2");
  EXPECT_DOUBLE_EQ(s.factor(0, 24), 0.25);
  EXPECT_DOUBLE_EQ(s.factor(3, 24), 1.0);
  EXPECT_DOUBLE_EQ(s.factor(4, 24), 1.0);
  EXPECT_NEAR(s.factor(14, 24), 0.6, 1e-15);
  EXPECT_NEAR(s.factor(24, 24), 0.2, 1e-15);
}

TEST(Schedule, LinearFallsAlongALine) {
  const Schedule s = Schedule::parse("linear:warmup=2");
  EXPECT_DOUBLE_EQ(s.factor(0, 12), 0.5);
  EXPECT_DOUBLE_EQ(s.factor(1, 12), 1.0);
  EXPECT_DOUBLE_EQ(s.factor(2, 12), 1.0);
  EXPECT_DOUBLE_EQ(s.factor(7, 12), 0.5);
  EXPECT_NEAR(s.factor(11, 12), 0.1, 1e-15);
}

TEST(Schedule, StepMultipliesAfterEveryFewEpochs) {
  const Schedule s = Schedule::parse("step:every=10,factor=0.5");
  EXPECT_EQ(s.factor(9, 100), 1.0);
  EXPECT_EQ(s.factor(10, 100), 0.5);
  EXPECT_EQ(s.factor(35, 100), 0.125);
}

TEST(Schedule, WarmupLongerThanTheRunIsNoDivisionByZero) {
  const Schedule s = Schedule::parse("cosine:warmup=50");
  EXPECT_DOUBLE_EQ(s.factor(9, 10), 0.2);
  EXPECT_TRUE(std::isfinite(s.factor(50, 50)));
}

TEST(Schedule, MistakesAreNamed) {
  for (const char* words : {"",
                            "cosin",
                            "cosine:",
                            "cosine,min=0.1",
                            "cosine:min=2",
                            "cosine:min=-0.1",
                            "cosine:min=nan",
                            "cosine:warmup=1.5",
                            "cosine:warmup=-1",
                            "cosine:every=3",
                            "cosine:min=0.1,",
                            "cosine:min=0.1,,warmup=2",
                            "linear:min=0.1",
                            "constant:warmup=3",
                            "step",
                            "step:every=3",
                            "step:factor=0.1",
                            "step:every=0,factor=0.1",
                            "step:every=3,factor=x",
                            "step:every=3,factor=0",
                            "step:every",
                            "step:every=,factor=0.5"}) {
    try {
      Schedule::parse(words);
      ADD_FAILURE() << "'" << words << "' was taken";
    } catch (const InputError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(words), std::string::npos) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
  }
}

}  // namespace
}  // namespace tersegraph
