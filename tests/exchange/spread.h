#pragma once

#include <functional>
#include <vector>

#include "comm/launch.h"
#include "exchange/aggregation.h"
#include "reference/dense_gnn.h"
#include "reference/random_graphs.h"

namespace tersegraph::testing {

/// One rank's view in a test that spreads an operator over thread ranks.
struct RankOf {
  Channel& channel;
  const Shard& shard;
  Aggregation& aggregation;
  PhaseSeconds seconds{};

  Matrix mine(const Matrix& all) const {
    Matrix rows(shard.owned_count(), all.cols());
    for (int64_t i = 0; i < rows.rows(); ++i) std::copy_n(all.row(shard.owned[i]), all.cols(), rows.row(i));
    return rows;
  }
  /// Rows of different ranks never overlap, so ranks may write at once.
  void put(const Matrix& rows, Matrix& all) const {
    for (int64_t i = 0; i < rows.rows(); ++i) std::copy_n(rows.row(i), all.cols(), all.row(shard.owned[i]));
  }
  Matrix forward(const Matrix& x, const AggregationPass& pass) {
    Matrix y(shard.owned_count(), x.cols());
    aggregation.forward(x, y, pass, seconds);
    return y;
  }
  Matrix backward(const Matrix& g, const AggregationPass& pass) {
    Matrix gx(shard.owned_count(), g.cols());
    aggregation.backward(g, gx, pass, seconds);
    return gx;
  }
};

struct Spread {
  Csr matrix;
  Partition partition;
  ExchangeConfig exchange{};
  int threads = 1;
  Ordering ordering = Ordering::none;
  std::vector<int> hosts = {};  ///< of each rank; empty: one for all

  void run(const std::function<void(RankOf&)>& body) const {
    const auto on_rank = [&](Communicator& communicator) {
      Channel channel(communicator);
      const Shard shard = build_shard(matrix, partition, channel.rank(), ordering, 1);
      Aggregation aggregation(shard, channel, exchange);
      RankOf rank{channel, shard, aggregation};
      body(rank);
    };
    run_thread_ranks(partition.parts, threads, on_rank, 0, hosts);
  }

  /// A x and A^T x over all ranks.
  struct Products {
    Matrix forward, backward;
  };
  Products products(const Matrix& x, const AggregationPass& forward, const AggregationPass& backward) const {
    Products all{Matrix(x.rows(), x.cols()), Matrix(x.rows(), x.cols())};
    run([&](RankOf& rank) {
      const Matrix mine = rank.mine(x);
      rank.put(rank.forward(mine, forward), all.forward);
      rank.put(rank.backward(mine, backward), all.backward);
    });
    return all;
  }
};

/// Passes as the trainer makes them.
inline AggregationPass training_pass(Traffic kind, int64_t epoch = 1, int layer = 0) {
  return {.training = true, .kind = kind, .seed = 9, .epoch = epoch, .layer = layer};
}

}  // namespace tersegraph::testing
