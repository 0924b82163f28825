#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/random_test.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/random-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersegraph {
namespace HWY_NAMESPACE {

template <class DU>
void FillByVectors(DU du, uint64_t row_key, int64_t cols, uint32_t* out) {
  for (int64_t c = 0; c < cols; c += hn::Lanes(du)) hn::StoreU(Random16(du, row_key, c), du, out + c);
}

template <class DU>
void FillByPairs(DU du, uint64_t row_key, int64_t cols, uint32_t* out) {
  for (int64_t c = 0; c < cols; c += 32) {
    for (int64_t w = 0; w < 16; w += hn::Lanes(du)) {
      const auto words = RandomWords(du, row_key, static_cast<uint32_t>(c / 2 + w));
      hn::StoreU(LowHalves(du, words), du, out + c + w);
      hn::StoreU(HighHalves(words), du, out + c + 16 + w);
    }
  }
}

void Fill(int style, uint64_t row_key, int64_t cols, uint32_t* out) {
  if (style == 0) FillByVectors(hn::CappedTag<uint32_t, 16>(), row_key, cols, out);
  if (style == 1) FillByPairs(hn::CappedTag<uint32_t, 16>(), row_key, cols, out);
  if (style == 2) FillByVectors(hn::CappedTag<uint32_t, 2>(), row_key, cols, out);
  if (style == 3) FillByVectors(hn::CappedTag<uint32_t, 1>(), row_key, cols, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace tersegraph
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersegraph {
namespace {

HWY_EXPORT(Fill);

TEST(RandomVectors, EqualTheScalarNumbersOnEveryTarget) {
  constexpr int64_t kCols = 1024;
  for_each_target([] {
    for (int64_t row : {0ll, 1ll, 77ll, 1ll << 40}) {
      const uint64_t key = StreamKey(3, Purpose::rounding).row(row);
      for (int style = 0; style < 4; ++style) {
        std::vector<uint32_t> numbers(kCols);
        HWY_DYNAMIC_DISPATCH(Fill)(style, key, kCols, numbers.data());
        for (int64_t c = 0; c < kCols; ++c)
          ASSERT_EQ(numbers[c], random16(key, c)) << "column " << c << " style " << style;
      }
    }
  });
}

}  // namespace
}  // namespace tersegraph
#endif  // HWY_ONCE
