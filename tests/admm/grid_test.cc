#include "admm/grid.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "admm/random_layer.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

using testing::copy_of;
using testing::random_matrix;

AdmmConfig config_of(GridKind kind, int bits) {
  AdmmConfig config;
  config.quantize = Quantize::pq;
  config.grid = kind;
  config.bits = bits;
  return config;
}

Matrix round_trip(Grid& grid, const Matrix& x) {
  std::vector<std::byte> bytes(static_cast<size_t>(grid.encoded_bytes(x.rows(), x.cols())));
  grid.encode(x, bytes);
  Matrix y(x.rows(), x.cols());
  grid.decode(bytes, y);
  return y;
}

class AffineBits : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(All, AffineBits, ::testing::Range(1, 9));

TEST_P(AffineBits, NearestOfTheNeuronsLevels) {
  Grid grid(config_of(GridKind::affine, GetParam()), false);
  const Matrix x = random_matrix(141, 37, 1);
  const Matrix y = round_trip(grid, x);
  const int top = (1 << GetParam()) - 1;
  for (int64_t j = 0; j < x.cols(); ++j) {
    float low = x(0, j), high = x(0, j);
    for (int64_t i = 0; i < x.rows(); ++i) low = std::min(low, x(i, j)), high = std::max(high, x(i, j));
    const double step = (static_cast<double>(high) - low) / top;
    for (int64_t i = 0; i < x.rows(); ++i) {
      const double nearest = low + step * std::round((x(i, j) - low) / step);
      EXPECT_LE(std::abs(y(i, j) - x(i, j)), std::abs(nearest - x(i, j)) + 1e-5 * (1.0 + std::abs(x(i, j))));
    }
  }
}

TEST_P(AffineBits, BytesAreReallyPacked) {
  const int bits = GetParam();
  const Grid grid(config_of(GridKind::affine, bits), false);
  EXPECT_EQ(grid.encoded_bytes(144, 100), 144 * 100 * bits / 8 + 800);  // a multiple of 8 columns: nothing is lost
  EXPECT_EQ(grid.encoded_bytes(1024 + 16, 10), 1040 * 10 * bits / 8 + 2 * 80);  // two blocks, two sets of parameters
}

TEST_P(AffineBits, WhatWasRoundedStays) {
  Grid grid(config_of(GridKind::affine, GetParam()), false);
  const Matrix once = round_trip(grid, random_matrix(1100, 5, 2));
  const Matrix twice = round_trip(grid, once);
  for (int64_t i = 0; i < once.size(); ++i) EXPECT_NEAR(once.data()[i], twice.data()[i], 1e-5);
}

TEST(Grid, ConstantNeuronsAndNotANumber) {
  Grid grid(config_of(GridKind::affine, 4), false);
  Matrix x = random_matrix(20, 3, 3);
  for (int64_t i = 0; i < 20; ++i) x(i, 1) = 2.5f;
  for (const float bad : {NAN, INFINITY}) {
    x(7, 2) = bad;
    const Matrix y = round_trip(grid, x);
    for (int64_t i = 0; i < 20; ++i) {
      EXPECT_EQ(y(i, 1), 2.5f);
      EXPECT_TRUE(std::isnan(y(i, 2)));
      EXPECT_TRUE(std::isfinite(y(i, 0)));
    }
  }
}

TEST(Grid, PaperHasTheIntegersFromMinusOneToTwenty) {
  Grid grid(config_of(GridKind::paper, 4), false);
  EXPECT_TRUE(grid.fixed());
  EXPECT_EQ(grid.bits(), 5);
  const Matrix x = random_matrix(50, 9, 4, 8.0), y = round_trip(grid, x);
  for (int64_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(y.data()[i], std::fmin(20.0f, std::fmax(-1.0f, std::floor(x.data()[i] + 0.5f))));
    EXPECT_EQ(y.data()[i], grid.nearest(x.data()[i]));
  }
  EXPECT_EQ(grid.encoded_bytes(16, 10), 16 * 10 * 5 / 8);
}

TEST(Grid, CodeHasAThousandLevels) {
  Grid grid(config_of(GridKind::code, 4), false);
  EXPECT_EQ(grid.bits(), 10);
  const Matrix x = random_matrix(50, 9, 5), y = round_trip(grid, x);
  for (int64_t i = 0; i < x.size(); ++i) {
    const double within = std::fmin(2.0, std::fmax(-1.0, x.data()[i]));
    EXPECT_NEAR(y.data()[i], within, 3.0 / 999 / 2 + 1e-6);
  }
}

TEST(Grid, LevelsOfAFile) {
  AdmmConfig config = config_of(GridKind::file, 4);
  config.grid_levels = {-3.0f, 0.0f, 0.5f, 10.0f};
  Grid grid(config, false);
  EXPECT_EQ(grid.bits(), 2);
  EXPECT_EQ(grid.nearest(-9.0f), -3.0f);
  EXPECT_EQ(grid.nearest(0.2f), 0.0f);
  EXPECT_EQ(grid.nearest(0.3f), 0.5f);
  EXPECT_EQ(grid.nearest(99.0f), 10.0f);
  const Matrix x = random_matrix(33, 7, 6, 4.0), y = round_trip(grid, x);
  for (int64_t i = 0; i < x.size(); ++i) EXPECT_EQ(y.data()[i], grid.nearest(x.data()[i]));
}

TEST(Grid, SixteenBitsAreBf16AndNoneIsExact) {
  Grid grid(config_of(GridKind::affine, 16), false);
  const Matrix x = random_matrix(30, 11, 7), y = round_trip(grid, x);
  for (int64_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint32_t>(y.data()[i]) & 0xFFFF, 0u);
    EXPECT_NEAR(y.data()[i], x.data()[i], std::abs(x.data()[i]) / 256);
  }
  EXPECT_EQ(grid.encoded_bytes(30, 11), 660);
  Grid exact;
  const Matrix same = round_trip(exact, x);
  EXPECT_EQ(std::memcmp(same.data(), x.data(), x.bytes()), 0);
  EXPECT_TRUE(Grid(
                  [] {
                    AdmmConfig config;
                    config.quantize = Quantize::p;
                    return config;
                  }(),
                  true)
                  .exact());
}

struct Kind {
  const char* name;
  GridKind grid;
  int bits = 4;
  bool start = false;  ///< of a run: values, not changes
};
void PrintTo(const Kind& kind, std::ostream* out) {
  *out << kind.name;
}

class CutGrid : public ::testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(All, CutGrid,
                         ::testing::Values(Kind{"affine", GridKind::affine}, Kind{"3 bits", GridKind::affine, 3},
                                           Kind{"bf16", GridKind::affine, 16}, Kind{"delta", GridKind::delta, 2},
                                           Kind{"delta's start", GridKind::delta, 2, true},
                                           Kind{"code", GridKind::code}));

/// Blocks of one rank, cut ones, and shards within one block; and what is not finite stays so in its neuron and block.
TEST_P(CutGrid, IsThatOfAllColumns) {
  AdmmConfig config = config_of(GetParam().grid, GetParam().bits);
  for (const int64_t columns : {7, 1024, 2500}) {
    for (const bool finite : {true, false}) {
      Matrix x = random_matrix(columns, 9, 5);
      if (!finite) x(columns - 1, 3) = INFINITY;
      Grid whole(config, false);
      if (GetParam().start) whole = whole.of_start();
      const Matrix expected = round_trip(whole, x);
      for (const int ranks : {2, 3, 7}) {
        Matrix y(columns, 9);
        run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
          Channel channel(communicator);
          ColumnShards shards(channel, columns);
          Grid grid(config, false, &shards);
          if (GetParam().start) grid = grid.of_start();
          Matrix mine(shards.size(), 9);
          std::memcpy(mine.data(), x.row(shards.begin()), mine.bytes());
          const Matrix rounded = round_trip(grid, mine);
          std::memcpy(y.row(shards.begin()), rounded.data(), rounded.bytes());
        });
        for (int64_t i = 0; i < x.size(); ++i) {
          const float a = y.data()[i], b = expected.data()[i];
          ASSERT_TRUE(a == b || (std::isnan(a) && std::isnan(b)))
              << columns << " columns, " << ranks << " ranks: " << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace tersegraph
