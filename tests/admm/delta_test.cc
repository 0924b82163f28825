#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <mutex>

#include "admm/layer_pipeline.h"
#include "admm/link.h"
#include "admm/random_layer.h"
#include "base/error.h"
#include "comm/collectives.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

using testing::random_matrix;

AdmmConfig delta_config(int bits) {
  AdmmConfig config;
  config.quantize = Quantize::pq;
  config.grid = GridKind::delta;
  config.bits = bits;
  return config;
}

class DeltaBits : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(All, DeltaBits, ::testing::Values(1, 2, 3, 4, 8));

/// A neuron's greatest error is at most half a cell: 2^-bits of the greatest change.
TEST_P(DeltaBits, AValueThatRestsIsReached) {
  LinkMessage message(Traffic::p, 1, Grid(delta_config(GetParam()), false));
  const int64_t columns = 1100, neurons = 5;  // two blocks
  const Matrix value = random_matrix(columns, neurons, 1);
  Matrix x(columns, neurons), start(columns, neurons);
  start.fill(0.0f);
  message.start_from(start);
  double before = 0.0;
  for (int64_t i = 0; i < value.size(); ++i) before = std::max(before, std::abs(static_cast<double>(value.data()[i])));
  for (int k = 0; k < 12; ++k) {
    std::memcpy(x.data(), value.data(), x.bytes());
    message.round(x);
    double error = 0.0;
    for (int64_t i = 0; i < x.size(); ++i) {
      error = std::max(error, std::abs(static_cast<double>(x.data()[i]) - value.data()[i]));
    }
    EXPECT_LE(error, std::ldexp(before, -GetParam()) + 1e-6) << "message " << k;
    before = error;
  }
  EXPECT_LT(before, 2e-3);
}

TEST_P(DeltaBits, BothEndsHoldTheSameBits) {
  const Grid grid(delta_config(GetParam()), true);
  Matrix ends[2];
  run_thread_ranks(2, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    LinkMessage message(Traffic::q, kFirstFreeTag, grid);
    Matrix x = random_matrix(140, 17, 1);
    if (channel.rank() == 0) message.start_from(x);
    for (uint64_t k = 2; k < 8; ++k) {
      if (channel.rank() == 0) {
        const Matrix next = random_matrix(140, 17, k);
        std::memcpy(x.data(), next.data(), x.bytes());
        message.round(x);
        message.send(channel, 1);
        message.finish_send(channel);
      } else {
        message.start_receive(channel, 0, x);
        message.finish_receive(channel);
      }
    }
    EXPECT_EQ(channel.ledger().bytes(Traffic::q),
              channel.rank() == 0 ? 6 * (grid.encoded_bytes(140, 17) + kSealBytes) : 0);
    ends[channel.rank()] = std::move(x);
  });
  EXPECT_EQ(std::memcmp(ends[0].data(), ends[1].data(), ends[0].bytes()), 0);
}

TEST(Delta, BytesAreThoseOfTheAffineGridAndStartsHaveFourBits) {
  const Grid grid(delta_config(2), false);
  EXPECT_TRUE(grid.of_changes());
  EXPECT_FALSE(grid.fixed());
  EXPECT_EQ(grid.encoded_bytes(144, 100), 144 * 100 * 2 / 8 + 800);
  EXPECT_FALSE(grid.of_start().of_changes());
  EXPECT_EQ(grid.of_start().bits(), 4);
  EXPECT_EQ(Grid(delta_config(6), false).of_start().bits(), 6);
}

TEST(Delta, WhatIsNoNumberStaysNone) {
  LinkMessage message(Traffic::p, 1, Grid(delta_config(2), false));
  Matrix x = random_matrix(20, 3, 3);
  message.start_from(x);
  x(7, 2) = NAN;
  message.round(x);
  for (int64_t i = 0; i < 20; ++i) {
    EXPECT_TRUE(std::isnan(x(i, 2)));
    EXPECT_TRUE(std::isfinite(x(i, 0)));
  }
}

TEST(Delta, SixteenBitsAreRefused) {
  EXPECT_THROW(validate(delta_config(16)), InputError);
  EXPECT_THROW(validate(delta_config(0)), InputError);
  validate(delta_config(1));
}

}  // namespace
}  // namespace tersegraph
