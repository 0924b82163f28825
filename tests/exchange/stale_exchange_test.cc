// Exchanges that go on with rows of earlier epochs, against dense products.
#include "exchange/stale_exchange.h"

#include <gtest/gtest.h>

#include <cstring>

#include "comm/collectives.h"
#include "exchange/spread.h"
#include "reference/bytes_in_use.h"

namespace tersegraph {
namespace {

using reference::bytes_in_use;
using reference::Dense;
using reference::dense_of;
using reference::multiply;
using reference::sum;
using reference::transposed;
using testing::RankOf;
using testing::Spread;
using testing::training_pass;

constexpr int64_t kNodes = 40, kCols = 6;
constexpr int kRanks = 3, kEpochs = 6;
constexpr int64_t kHeader = 16;

Spread spread_of(ExchangeConfig config) {
  const Graph graph = reference::random_graph(kNodes, 110, true, true, 3, 2);
  return {aggregation_operator(graph, Normalisation::mean), reference::random_parts(kNodes, kRanks, 3), config};
}

/// The entries of `a` between nodes of one rank (local), or the others.
Dense part_of(const Dense& a, const Partition& partition, bool local) {
  Dense part = a;
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < a.cols; ++j) {
      if ((partition.part_of[i] == partition.part_of[j]) != local) part(i, j) = 0;
    }
  }
  return part;
}

/// A x_t and A^T x_t of epochs 1, 2, ...
std::vector<Spread::Products> products_of_epochs(const Spread& spread, const std::vector<Matrix>& x) {
  std::vector<Spread::Products> all;
  for (const Matrix& one : x) all.push_back({Matrix(one.rows(), one.cols()), Matrix(one.rows(), one.cols())});
  spread.run([&](RankOf& rank) {
    for (size_t t = 0; t < x.size(); ++t) {
      const auto epoch = static_cast<int64_t>(t) + 1;
      const Matrix mine = rank.mine(x[t]);
      rank.put(rank.forward(mine, training_pass(Traffic::halo_forward, epoch)), all[t].forward);
      rank.put(rank.backward(mine, training_pass(Traffic::halo_backward, epoch)), all[t].backward);
      rank.forward(mine, {});  // evaluation has messages of its own
    }
    rank.aggregation.settle();
  });
  return all;
}

std::vector<Matrix> random_rows() {
  std::vector<Matrix> x;
  for (int t = 0; t < kEpochs; ++t) x.push_back(reference::random_matrix(kNodes, kCols, 20 + t));
  return x;
}

/// x_1, and then each time a hundredth of another matrix more.
std::vector<Matrix> drifting_rows() {
  const Matrix base = reference::random_matrix(kNodes, kCols, 5), slope = reference::random_matrix(kNodes, kCols, 6);
  std::vector<Matrix> x;
  for (int t = 0; t < 2 * kEpochs; ++t) {
    Matrix& now = x.emplace_back(kNodes, kCols);
    for (int64_t k = 0; k < now.size(); ++k) {
      now.data()[k] = base.data()[k] + 0.01f * static_cast<float>(t) * slope.data()[k];
    }
  }
  return x;
}

bool same_bits(const Matrix& a, const Matrix& b) {
  return std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

TEST(PipeExchange, UsesTheRowsOfTheEpochBefore) {
  for (const double smoothing : {0.0, 0.7}) {
    const Spread spread = spread_of({.policy = ExchangePolicy::pipe, .pipe_smoothing = smoothing});
    const std::vector<Matrix> x = random_rows();
    const auto got = products_of_epochs(spread, x);
    const Dense a = dense_of(spread.matrix.view());
    const Dense local = part_of(a, spread.partition, true), remote = part_of(a, spread.partition, false);
    Dense used = dense_of(x[0]);
    for (size_t t = 0; t < x.size(); ++t) {
      const double kept = t < 2 ? 0.0 : smoothing;  // the first rows that arrive are the first average
      const Dense last = dense_of(x[t == 0 ? 0 : t - 1]);
      for (size_t k = 0; k < used.values.size(); ++k) {
        used.values[k] = kept * used.values[k] + (1 - kept) * last.values[k];
      }
      const Dense forward = sum(multiply(local, dense_of(x[t])), multiply(remote, used));
      const Dense backward = sum(multiply(transposed(local), dense_of(x[t])), multiply(transposed(remote), used));
      EXPECT_LT(relative_error(dense_of(got[t].forward), forward), 1e-6) << "epoch " << t + 1;
      EXPECT_LT(relative_error(dense_of(got[t].backward), backward), 1e-6) << "epoch " << t + 1;
    }
  }
}

TEST(PipeExchange, EqualRowsGiveTheBitsOfUniformAtTheSameWidth) {
  std::vector<Matrix> x;
  for (int t = 0; t < 3; ++t) x.push_back(reference::random_matrix(kNodes, kCols, 20));
  const auto exact = products_of_epochs(spread_of({}), x);
  const auto pipe = products_of_epochs(spread_of({.policy = ExchangePolicy::pipe}), x);
  for (size_t t = 0; t < x.size(); ++t) {
    EXPECT_TRUE(same_bits(pipe[t].forward, exact[t].forward));
    EXPECT_TRUE(same_bits(pipe[t].backward, exact[t].backward));
  }
  const auto coarse = products_of_epochs(spread_of({.policy = ExchangePolicy::uniform, .bits = 2}), x);
  const auto coarse_pipe = products_of_epochs(spread_of({.policy = ExchangePolicy::pipe, .bits = 2}), x);
  EXPECT_FALSE(same_bits(coarse[1].forward, coarse[0].forward)) << "every epoch rounds for itself";
  for (size_t t = 1; t < x.size(); ++t) {
    EXPECT_TRUE(same_bits(coarse_pipe[t].forward, coarse[t - 1].forward));
    EXPECT_TRUE(same_bits(coarse_pipe[t].backward, coarse[t - 1].backward));
  }
}

TEST(SancusExchange, AtBoundZeroItIsExact) {
  std::vector<Matrix> x = random_rows();
  x[2] = reference::random_matrix(kNodes, kCols, 21);  // that of the epoch before
  const auto exact = products_of_epochs(spread_of({}), x);
  const auto sancus = products_of_epochs(spread_of({.policy = ExchangePolicy::sancus}), x);
  for (size_t t = 0; t < x.size(); ++t) {
    EXPECT_TRUE(same_bits(sancus[t].forward, exact[t].forward)) << "epoch " << t + 1;
    EXPECT_TRUE(same_bits(sancus[t].backward, exact[t].backward)) << "epoch " << t + 1;
  }
}

/// Forward, by the definition: what each rank holds of each other one's rows.
TEST(SancusExchange, SendsWhatDriftedAndWhatIsOld) {
  for (const int64_t epochs : {0, 3}) {
    const double bound = 0.045;
    const Spread spread = spread_of({.policy = ExchangePolicy::sancus, .sancus_bound = bound, .sancus_epochs = epochs});
    const std::vector<int32_t>& part = spread.partition.part_of;
    const std::vector<Matrix> x = drifting_rows();
    const auto got = products_of_epochs(spread, x);
    const Dense a = dense_of(spread.matrix.view());
    std::vector<Dense> held(kRanks, Dense(kNodes, kCols));  // by receiver: its own rows and copies of the others'
    int sent = 0, kept = 0;
    std::vector<int> age(kRanks * kRanks, 0);
    for (size_t t = 0; t < x.size(); ++t) {
      const Dense now = dense_of(x[t]);
      for (int p = 0; p < kRanks; ++p) {
        for (int q = 0; q < kRanks; ++q) {
          double change = 0, size = 0;
          std::vector<int64_t> rows;
          for (int64_t j = 0; j < kNodes; ++j) {
            bool needed = false;
            for (int64_t i = 0; i < kNodes; ++i) needed |= part[i] == p && a(i, j) != 0;
            if (part[j] == q && (needed || p == q)) rows.push_back(j);
          }
          for (const int64_t j : rows) {
            for (int64_t c = 0; c < kCols; ++c) {
              change += (now(j, c) - held[p](j, c)) * (now(j, c) - held[p](j, c));
              size += held[p](j, c) * held[p](j, c);
            }
          }
          int& old = age[p * kRanks + q];
          const bool sends = t == 0 || p == q || change > bound * bound * size || ++old == epochs;
          if (p != q) ++(sends ? sent : kept);
          if (!sends) continue;
          old = 0;
          for (const int64_t j : rows) {
            for (int64_t c = 0; c < kCols; ++c) held[p](j, c) = now(j, c);
          }
        }
      }
      Dense expected(kNodes, kCols);
      for (int p = 0; p < kRanks; ++p) {
        const Dense product = multiply(a, held[p]);
        for (int64_t i = 0; i < kNodes; ++i) {
          for (int64_t c = 0; part[i] == p && c < kCols; ++c) expected(i, c) = product(i, c);
        }
      }
      EXPECT_LT(relative_error(dense_of(got[t].forward), expected), 1e-6) << "epoch " << t + 1;
    }
    EXPECT_GT(sent, kRanks * (kRanks - 1));
    EXPECT_GT(kept, 0);
  }
}

TEST(SancusExchange, WithinTheBoundNothingButHeadersIsSent) {
  const Spread spread = spread_of({.policy = ExchangePolicy::sancus, .sancus_bound = 1e6});
  const Matrix x = reference::random_matrix(kNodes, kCols, 1), other = reference::random_matrix(kNodes, kCols, 2);
  spread.run([&](RankOf& rank) {
    const Ledger& ledger = rank.channel.ledger();
    const Traffic kind = Traffic::halo_forward;
    rank.forward(rank.mine(x), training_pass(kind, 1));
    const int64_t first = ledger.bytes(kind), bits = rank.aggregation.halo_bits();
    const int64_t values = rank.aggregation.halo_values();
    EXPECT_EQ(bits, 32 * values);
    EXPECT_EQ(first, (kRanks - 1) * kHeader + 4 * values);
    for (int epoch = 2; epoch <= 5; ++epoch) rank.forward(rank.mine(other), training_pass(kind, epoch));
    EXPECT_EQ(ledger.bytes(kind) - first, 4 * (kRanks - 1) * kHeader);
    EXPECT_EQ(rank.aggregation.halo_bits(), bits);
    EXPECT_EQ(rank.aggregation.halo_values(), 5 * values);
  });
}

TEST(StaleExchange, ASteadyEpochAllocatesNothing) {
  if (bytes_in_use() == 0) GTEST_SKIP() << "this allocator does not count (a sanitizer's?)";
  const ExchangeConfig configs[] = {{.policy = ExchangePolicy::pipe, .bits = 4, .pipe_smoothing = 0.5},
                                    {.policy = ExchangePolicy::sancus, .sancus_bound = 0.045}};
  for (const ExchangeConfig& config : configs) {
    const std::vector<Matrix> x = drifting_rows();
    spread_of(config).run([&](RankOf& rank) {
      std::vector<Matrix> mine;
      for (const Matrix& all : x) mine.push_back(rank.mine(all));
      Matrix y(mine[0].rows(), kCols);
      const auto epochs = [&](int first, int last) {
        for (int epoch = first; epoch <= last; ++epoch) {
          const Matrix& now = mine[static_cast<size_t>(epoch) % mine.size()];
          rank.aggregation.forward(now, y, training_pass(Traffic::halo_forward, epoch), rank.seconds);
          rank.aggregation.backward(now, y, training_pass(Traffic::halo_backward, epoch), rank.seconds);
        }
        barrier(rank.channel);
      };
      epochs(1, 5);
      const int64_t before = bytes_in_use();
      barrier(rank.channel);
      epochs(6, 50);
      EXPECT_LE(bytes_in_use(), before + 1024) << "rank " << rank.channel.rank();
      barrier(rank.channel);
      rank.aggregation.settle();
    });
  }
}

}  // namespace
}  // namespace tersegraph
