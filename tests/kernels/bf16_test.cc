#include "kernels/bf16.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"
#include "kernels/targets.h"
#include "kernels/test_matrices.h"

namespace tersegraph {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kLargest = 0x1.FEp127f;  // of bf16

/// By distances in fp64 to the two neighbours; beyond the largest, infinity stands for 2^128.
float nearest(float x) {
  const auto cut = std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0xFFFF0000u);  // towards zero
  if (cut == x) return x;
  const auto next = std::bit_cast<float>(std::bit_cast<uint32_t>(cut) + 0x10000u);
  const double far = std::isinf(next) ? std::copysign(0x1p128, x) : next;
  const double below = std::fabs(static_cast<double>(x) - cut), above = std::fabs(far - x);
  if (below != above) return below < above ? cut : next;
  return (std::bit_cast<uint32_t>(cut) & 0x10000u) == 0 ? cut : next;
}

std::vector<float> numbers() {
  std::vector<float> x = {0.0f,      -0.0f,       1.0f,          kLargest,
                          -kLargest, kInfinity,   -kInfinity,    0x1p-149f,
                          0x1p-133f, 0x1.FFp127f, 0x1.FEFFp127f, std::numeric_limits<float>::max()};
  Random random(1, Purpose::generator);
  for (uint32_t upper = 0; upper < 0x10000; upper += 7) {
    for (const uint32_t lower :
         {0u, 1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu, static_cast<uint32_t>(random.below(0x10000))}) {
      const auto value = std::bit_cast<float>(upper << 16 | lower);
      if (!std::isnan(value)) x.push_back(value);
    }
  }
  return x;
}

TEST(Bf16, RoundsToTheNearestAndTiesToEven) {
  const std::vector<float> x = numbers();
  for_each_target([&] {
    std::vector<Bf16> y(x.size());
    to_bf16(x.data(), y.data(), static_cast<int64_t>(x.size()));
    for (size_t k = 0; k < x.size(); ++k) {
      ASSERT_EQ(std::bit_cast<uint32_t>(from_bf16(y[k])), std::bit_cast<uint32_t>(nearest(x[k]))) << x[k];
      ASSERT_EQ(to_bf16(x[k]), y[k]) << x[k];
    }
  });
}

/// A NaN whose payload lies in the lower half must not become infinite, nor one of all ones wrap to zero.
TEST(Bf16, NanStaysNan) {
  for_each_target([&] {
    for (const uint32_t bits : {0x7F800001u, 0xFF80FFFFu, 0x7FFFFFFFu, 0xFFFFFFFFu, std::bit_cast<uint32_t>(kNan)}) {
      const std::vector<float> x(37, std::bit_cast<float>(bits));
      std::vector<Bf16> y(x.size());
      to_bf16(x.data(), y.data(), static_cast<int64_t>(x.size()));
      for (const Bf16 value : y) ASSERT_TRUE(std::isnan(from_bf16(value))) << std::hex << bits;
    }
  });
}

TEST(Bf16, AMatrixOfAnySizeAndNothingBeyondIt) {
  for (const int64_t rows : {0, 1, 3, 700}) {
    const Matrix x = random_matrix(rows, 37, 2);
    std::vector<Bf16> y(x.size() + 1, 0x1234);
    to_bf16(x, y.data());
    for (int64_t k = 0; k < x.size(); ++k) ASSERT_EQ(from_bf16(y[k]), nearest(x.data()[k]));
    EXPECT_EQ(y.back(), 0x1234);
  }
}

}  // namespace
}  // namespace tersegraph
