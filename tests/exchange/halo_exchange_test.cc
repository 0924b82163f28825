#include "exchange/halo_exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "comm/collectives.h"
#include "exchange/spread.h"
#include "reference/bytes_in_use.h"

namespace tersegraph {
namespace {

using reference::bytes_in_use;
using reference::Dense;
using reference::dense_of;
using testing::RankOf;
using testing::Spread;
using testing::training_pass;

/// Rows that rank p has to send to rank q in order that q can form its rows of A x.
int64_t rows_needed(const Dense& a, const Partition& partition, int p, int q) {
  int64_t rows = 0;
  for (int64_t j = 0; j < a.cols; ++j) {
    if (partition.part_of[j] != p) continue;
    bool needed = false;
    for (int64_t i = 0; i < a.rows; ++i) needed = needed || (partition.part_of[i] == q && a(i, j) != 0.0);
    rows += needed;
  }
  return rows;
}

/// cols: a multiple of 8, where rows of all widths end at a whole byte by themselves.
int64_t message_bytes(int64_t rows, int64_t cols, int bits, int64_t wide_rows) {
  if (rows == 0) return 0;
  return 16 + rows * cols * bits / 8 + (bits <= 8 ? 4 * rows + 2 * wide_rows : 0);
}

class WidthOfBits : public ::testing::TestWithParam<int> {};
constexpr int64_t kNodes = 24, kCols = 5;

Spread small_spread(int bits) {
  const Graph graph = reference::random_graph(kNodes, 50, true, true, 1, 2);
  return {aggregation_operator(graph, Normalisation::mean),
          reference::random_parts(kNodes, 3, 3),
          {ExchangePolicy::uniform, bits}};
}

/// Sums over epochs of one element's error.
struct Moments {
  double sum = 0.0, squares = 0.0, largest = 0.0;

  void add(double error) {
    sum += error;
    squares += error * error;
    largest = std::max(largest, std::abs(error));
  }
};

/// The errors of every element of A x and of A^T x over many epochs.
struct Errors {
  std::vector<Moments> forward, backward;
};

Errors errors_over_epochs(const Spread& spread, const Matrix& x, int epochs) {
  const auto [exact_forward, exact_backward] = spread.products(x, {}, {});
  Errors errors{std::vector<Moments>(x.size()), std::vector<Moments>(x.size())};
  const auto add = [](const RankOf& rank, const Matrix& rows, const Matrix& exact, std::vector<Moments>& moments) {
    for (int64_t i = 0; i < rows.rows(); ++i) {
      const int64_t v = rank.shard.owned[i];
      for (int64_t c = 0; c < rows.cols(); ++c) moments[v * rows.cols() + c].add(rows(i, c) - exact(v, c));
    }
  };
  spread.run([&, &exact_forward = exact_forward, &exact_backward = exact_backward](RankOf& rank) {
    const Matrix mine = rank.mine(x);
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      add(rank, rank.forward(mine, training_pass(Traffic::halo_forward, epoch)), exact_forward, errors.forward);
      add(rank, rank.backward(mine, training_pass(Traffic::halo_backward, epoch)), exact_backward, errors.backward);
    }
  });
  return errors;
}

/// The largest error that rounding one row may make: the range is widened by 1/64 at most and the scale rounded up to 8
/// bits.
double step_of(const Dense& rows, int64_t i, int bits) {
  double low = rows(i, 0), high = low;
  for (int64_t c = 1; c < rows.cols; ++c) {
    low = std::min(low, rows(i, c));
    high = std::max(high, rows(i, c));
  }
  return bits == 16 ? std::max(std::abs(low), std::abs(high)) / 128 : (high - low) * 1.03 / ((1 << bits) - 1);
}

/// For each row of the result, the largest error that the rows received may add up to.
struct Bounds {
  std::vector<double> forward = std::vector<double>(kNodes, 1e-6), backward = forward;
};

Bounds error_bounds(const Spread& spread, const Matrix& x) {
  const Dense a = dense_of(spread.matrix.view());
  const std::vector<int32_t>& part_of = spread.partition.part_of;
  Bounds bounds;
  for (int sender = 0; sender < spread.partition.parts; ++sender) {
    Dense partial = transposed(a);  // what the sender's rows contribute to A^T x
    for (int64_t j = 0; j < kNodes; ++j) {
      for (int64_t i = 0; i < kNodes; ++i) {
        if (part_of[j] == sender && part_of[i] != sender) {
          bounds.forward[i] += std::abs(a(i, j)) * step_of(dense_of(x), j, spread.exchange.bits);
        }
        if (part_of[i] != sender) partial(j, i) = 0.0;
      }
    }
    partial = multiply(partial, dense_of(x));
    for (int64_t j = 0; j < kNodes; ++j) {
      if (part_of[j] != sender) bounds.backward[j] += step_of(partial, j, spread.exchange.bits);
    }
  }
  return bounds;
}

TEST_P(WidthOfBits, RoundingIsUnbiasedForwardAndBackward) {
  constexpr int kEpochs = 2000;
  const Spread spread = small_spread(GetParam());
  const Matrix x = reference::random_matrix(kNodes, kCols, 4);
  const Errors errors = errors_over_epochs(spread, x, kEpochs);
  const Bounds bounds = error_bounds(spread, x);
  const auto check = [](const std::vector<Moments>& moments, const std::vector<double>& bound) {
    int rounded = 0;
    for (size_t k = 0; k < moments.size(); ++k) {
      const double mean = moments[k].sum / kEpochs,
                   variance = std::max(moments[k].squares / kEpochs - mean * mean, 0.0);
      // A value next to one of the steps goes to the other neighbour so rarely that the sample may not have it; nine
      // such events are missed with probability e^-9.
      EXPECT_LE(std::abs(mean), 4 * std::sqrt(variance / kEpochs) + 9 * bound[k / kCols] / kEpochs);
      rounded += moments[k].largest > 0.0;
    }
    EXPECT_GT(rounded, kNodes) << "nothing was rounded";
  };
  check(errors.forward, bounds.forward);
  check(errors.backward, bounds.backward);
}

TEST_P(WidthOfBits, ErrorStaysBelowOneStepOfEveryRowReceived) {
  const Spread spread = small_spread(GetParam());
  const Matrix x = reference::random_matrix(kNodes, kCols, 4);
  const Errors errors = errors_over_epochs(spread, x, 50);
  const Bounds bounds = error_bounds(spread, x);
  for (int64_t k = 0; k < x.size(); ++k) {
    EXPECT_LE(errors.forward[k].largest, bounds.forward[k / kCols]);
    EXPECT_LE(errors.backward[k].largest, bounds.backward[k / kCols]);
  }
}

TEST_P(WidthOfBits, LedgerHoldsTheBytesOfTheArithmetic) {
  constexpr int64_t kWholeBytes = 8;
  const int bits = GetParam();
  const Graph graph = reference::random_graph(kNodes, 50, true, false, 1, 2);
  const Spread spread{aggregation_operator(graph, Normalisation::none),
                      reference::random_parts(kNodes, 3, 3),
                      {ExchangePolicy::uniform, bits}};
  const Dense a = dense_of(spread.matrix.view());
  Random random = reference::numbers(8);
  // Small whole numbers: every minimum, also of a sum of them, is a bf16 number. Around 1000.1 none is.
  Matrix whole(kNodes, kWholeBytes), narrow(kNodes, kWholeBytes);
  for (int64_t k = 0; k < whole.size(); ++k) {
    whole.data()[k] = static_cast<float>(random.below(7) - 3);
    narrow.data()[k] = 1000.1f + 0.01f * static_cast<float>(random.uniform());
  }
  spread.run([&](RankOf& rank) {
    const int p = rank.channel.rank();
    int64_t forward = 0, forward_wide = 0, backward = 0, rows = 0;
    for (int q = 0; q < 3; ++q) {
      if (q == p) continue;
      const int64_t out = rows_needed(a, spread.partition, p, q), in = rows_needed(a, spread.partition, q, p);
      forward += message_bytes(out, kWholeBytes, bits, 0);
      forward_wide += message_bytes(out, kWholeBytes, bits, out);
      backward += message_bytes(in, kWholeBytes, bits, 0);
      rows += out + in;
    }
    const Ledger& ledger = rank.channel.ledger();
    const auto sent = [&](Traffic kind, auto&& exchange) {
      const int64_t before = ledger.bytes(kind);
      exchange();
      return ledger.bytes(kind) - before;
    };
    const Traffic up = Traffic::halo_forward, down = Traffic::halo_backward;
    EXPECT_EQ(sent(up, [&] { rank.forward(rank.mine(whole), training_pass(up)); }), forward);
    EXPECT_EQ(sent(down, [&] { rank.backward(rank.mine(whole), training_pass(down)); }), backward);
    EXPECT_EQ(rank.aggregation.halo_values(), rows * kWholeBytes);
    EXPECT_EQ(rank.aggregation.halo_bits(), rows * kWholeBytes * bits);
    EXPECT_EQ(sent(up, [&] { rank.forward(rank.mine(narrow), training_pass(up)); }), forward_wide);

    // Evaluation is exact, counts for itself, and is no part of the mean bit-width.
    const int64_t values = rank.aggregation.halo_values();
    const int64_t exact = sent(Traffic::evaluation, [&] { rank.forward(rank.mine(whole), {}); });
    int64_t expected = 0;
    for (int q = 0; q < 3; ++q) {
      if (q != p) expected += message_bytes(rows_needed(a, spread.partition, p, q), kWholeBytes, 32, 0);
    }
    EXPECT_EQ(exact, expected);
    EXPECT_EQ(rank.aggregation.halo_values(), values);
  });
}

INSTANTIATE_TEST_SUITE_P(All, WidthOfBits, ::testing::Values(1, 2, 3, 4, 5, 6, 7, 8, 16));

TEST(HaloExchange, ConstantRowsArriveExactly) {
  const Spread spread = small_spread(1);
  Matrix x(kNodes, kCols);
  for (int64_t i = 0; i < kNodes; ++i) std::fill_n(x.row(i), kCols, 0.1f * static_cast<float>(i) - 1.0f);
  const auto exact = spread.products(x, {}, {});
  const auto sent = spread.products(x, training_pass(Traffic::halo_forward), training_pass(Traffic::halo_backward));
  EXPECT_LT(relative_error(dense_of(sent.forward), dense_of(exact.forward)), 1e-6);
}

/// Computation hides the time in which messages are under way, and none of what comes after.
TEST(HaloExchange, TellsTheSecondsThatComputationHid) {
  const Spread spread = small_spread(4);
  const Matrix x = reference::random_matrix(kNodes, kCols, 9);
  spread.run([&](RankOf& rank) {
    const Matrix mine = rank.mine(x);
    Matrix y(mine.rows(), mine.cols());
    const ExchangePlan plan = plan_forward(rank.shard, rank.channel);
    HaloExchange exchange(rank.channel);
    const auto compute = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };

    exchange.start(plan, mine, {});
    EXPECT_EQ(exchange.hidden_seconds(), 0.0);
    compute();
    exchange.finish(y, rank.seconds);  // nobody has looked whether they came before
    const double all = exchange.hidden_seconds();
    EXPECT_GE(all, 0.02);

    exchange.start(plan, mine, {});
    barrier(rank.channel);  // all have come
    exchange.progress();
    const double until_then = exchange.hidden_seconds();
    EXPECT_GT(until_then, all);
    compute();
    exchange.progress();
    exchange.finish(y, rank.seconds);
    EXPECT_EQ(exchange.hidden_seconds(), until_then);
  });
}

TEST(HaloExchange, ASteadyEpochAllocatesNothing) {
  if (bytes_in_use() == 0) GTEST_SKIP() << "this allocator does not count (a sanitizer's?)";
  const Graph graph = reference::random_graph(500, 4000, true, false, 0, 2);
  const Spread spread{aggregation_operator(graph, Normalisation::mean),
                      reference::random_parts(500, 3, 3),
                      {ExchangePolicy::uniform, 4}};
  const Matrix wide = reference::random_matrix(500, 40, 4), slim = reference::random_matrix(500, 8, 5);
  spread.run([&](RankOf& rank) {
    const Matrix x = rank.mine(wide), z = rank.mine(slim);
    Matrix y(x.rows(), x.cols()), w(z.rows(), z.cols());
    const auto epochs = [&](int first, int last) {
      for (int epoch = first; epoch <= last; ++epoch) {
        rank.aggregation.forward(x, y, training_pass(Traffic::halo_forward, epoch), rank.seconds);
        rank.aggregation.forward(z, w, training_pass(Traffic::halo_forward, epoch, 1), rank.seconds);
        rank.aggregation.backward(x, y, training_pass(Traffic::halo_backward, epoch), rank.seconds);
        rank.aggregation.forward(x, y, {}, rank.seconds);
      }
      barrier(rank.channel);
    };
    epochs(1, 5);
    const int64_t before = bytes_in_use();
    barrier(rank.channel);
    epochs(6, 50);
    EXPECT_LE(bytes_in_use(), before + 1024) << "rank " << rank.channel.rank();
    barrier(rank.channel);
  });
}

}  // namespace
}  // namespace tersegraph
