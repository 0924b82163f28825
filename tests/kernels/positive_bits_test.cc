#include "kernels/positive_bits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/guarded.h"
#include "kernels/targets.h"
#include "kernels/test_matrices.h"

namespace tersegraph {
namespace {

TEST(PositiveBits, SayWhichValuesAreAboveZero) {
  for_each_target([] {
    for (const int64_t cols : {1, 7, 8, 9, 16, 40, 257}) {
      Matrix x = random_matrix(1, cols, 3);
      for (int64_t c = 0; c < cols; c += 3) x(0, c) = 0.0f;
      const GuardedMatrix guarded(x);
      std::vector<uint8_t> bits((cols + 7) / 8, 0xFF);
      pack_positive(guarded.data(), cols, bits.data());
      for (int64_t c = 0; c < cols; ++c) ASSERT_EQ(bits[c / 8] >> (c % 8) & 1, x(0, c) > 0.0f ? 1 : 0) << c;

      Matrix rounded(1, cols);
      for (int64_t c = 0; c < cols; ++c) rounded(0, c) = c % 2 == 0 ? 0.0f : 1.5f;
      const GuardedMatrix restored(rounded);
      restore_positive(bits.data(), cols, restored.data());
      for (int64_t c = 0; c < cols; ++c) {
        if (x(0, c) > 0.0f) {
          ASSERT_GT(restored.data()[c], 0.0f);
          ASSERT_NEAR(restored.data()[c], rounded(0, c), 1e-30f);
        } else {
          ASSERT_EQ(restored.data()[c], 0.0f);
        }
      }
    }
  });
}

}  // namespace
}  // namespace tersegraph
