#include "nn/parameters.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace tersegraph {
namespace {

TEST(Parameters, TensorsShareOneFlatBufferInTheOrderOfAdding) {
  Parameters p;
  const int weight = p.add("weight", 3, 5), bias = p.add("bias", 1, 5, 0.0f), scalar = p.add("scalar", 1, 1);
  p.finalize();
  EXPECT_EQ(p.count(), 3);
  EXPECT_EQ(p.size(), 21);
  EXPECT_EQ(p.name(bias), "bias");
  EXPECT_EQ(p.find("scalar"), scalar);
  EXPECT_EQ(p.find("none"), -1);
  EXPECT_EQ(p.decay(weight), 1.0f);
  EXPECT_EQ(p.decay(bias), 0.0f);
  for (const float v : p.values()) EXPECT_EQ(v, 0.0f);
  for (const float g : p.gradients()) EXPECT_EQ(g, 0.0f);

  p.value(weight)(2, 4) = 1.0f;
  p.value(bias)(0, 0) = 2.0f;
  p.gradient(scalar)(0, 0) = 3.0f;
  EXPECT_EQ(p.values()[14], 1.0f);
  EXPECT_EQ(p.values()[15], 2.0f);
  EXPECT_EQ(p.gradients()[20], 3.0f);
  EXPECT_EQ(p.offset(scalar), 20);
  EXPECT_EQ(p.value(weight).rows, 3);
  EXPECT_EQ(p.value(weight).cols, 5);

  p.zero_gradients();
  EXPECT_EQ(p.gradients()[20], 0.0f);
}

TEST(Parameters, ValuesComeBackAfterASave) {
  Parameters p;
  const int w = p.add("w", 2, 2);
  p.finalize();
  p.value(w)(1, 0) = 4.0f;
  std::vector<float> best;
  p.save_values(best);
  p.value(w)(1, 0) = 5.0f;
  p.restore_values(best);
  EXPECT_EQ(p.value(w)(1, 0), 4.0f);
  best.push_back(0.0f);
  EXPECT_THROW(p.restore_values(best), std::logic_error);
}

TEST(Parameters, RefusesTwoOfAName) {
  Parameters p;
  p.add("w", 1, 1);
  EXPECT_THROW(p.add("w", 2, 2), std::logic_error);
  p.finalize();
  EXPECT_THROW(p.add("late", 1, 1), std::logic_error);
}

}  // namespace
}  // namespace tersegraph
