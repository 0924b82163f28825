#include "kernels/two_branch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/rng.h"
#include "kernels/targets.h"

namespace tersegraph {
namespace {

TEST(TwoBranchMinimum, AgreesWithPlainLoopsOnEveryInstructionSet) {
  const int64_t count = 1037;  // no multiple of a vector
  Random random(1, Purpose::generator);
  std::vector<float> h(count), q(count), old(count);
  for (auto* x : {&h, &q, &old}) {
    for (float& value : *x) value = static_cast<float>(2.0 * random.normal());
  }
  for (const float slope : {0.0f, 0.01f, 0.5f}) {
    std::vector<float> expected = old;
    two_branch_minimum_reference(slope, h.data(), q.data(), expected.data(), count);
    for_each_target([&] {
      std::vector<float> z = old;
      two_branch_minimum(slope, h.data(), q.data(), z.data(), count);
      for (int64_t i = 0; i < count; ++i) {
        // Where both branches are as good, either may be taken: what counts is how good.
        const auto value = [&](double at) {
          return std::pow(at - h[i], 2) + std::pow(at - old[i], 2) + std::pow(q[i] - (at > 0 ? at : slope * at), 2);
        };
        ASSERT_NEAR(value(z[i]), value(expected[i]), 1e-5 * (1.0 + value(expected[i]))) << "element " << i;
      }
    });
  }
}

TEST(TwoBranchMinimum, KeepsNotANumber) {
  for_each_target([] {
    for (int which = 0; which < 3; ++which) {
      float values[3] = {1.0f, 1.0f, 1.0f};
      values[which] = NAN;
      two_branch_minimum(0.0f, &values[0], &values[1], &values[2], 1);
      EXPECT_TRUE(std::isnan(values[2])) << which;
    }
  });
}

}  // namespace
}  // namespace tersegraph
