#pragma once

#include <functional>
#include <vector>

#include "comm/launch.h"
#include "exchange/exchange_plan.h"
#include "reference/dense_matrix.h"
#include "reference/random_graphs.h"

namespace tersegraph::testing {

/// The shards and plans of all ranks side by side, so that a test can carry the messages itself.
struct PlannedWorld {
  std::vector<Shard> shards;
  std::vector<ExchangePlan> forward, backward;

  int ranks() const { return static_cast<int>(shards.size()); }

  /// Every rank's plan is what `plan` gives there.
  static PlannedWorld make(const Csr& matrix, const Partition& partition,
                           const std::function<ExchangePlan(const Shard&, Channel&)>& plan) {
    PlannedWorld world;
    world.shards.resize(partition.parts);
    world.forward.resize(partition.parts);
    run_thread_ranks(partition.parts, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      const int rank = channel.rank();
      world.shards[rank] = build_shard(matrix, partition, rank, Ordering::none, 1);
      world.forward[rank] = plan(world.shards[rank], channel);
    });
    for (const ExchangePlan& plan_of_rank : world.forward) world.backward.push_back(plan_backward(plan_of_rank));
    return world;
  }

  /// A x, or A^T x, over all ranks, by the definition of ExchangePlan.
  reference::Dense product(const reference::Dense& x, bool transposed) const {
    const std::vector<ExchangePlan>& plans = transposed ? backward : forward;
    std::vector<reference::Dense> mine, sent;
    for (int r = 0; r < ranks(); ++r) {
      mine.emplace_back(shards[r].owned_count(), x.cols);
      for (int64_t i = 0; i < mine[r].rows; ++i) {
        for (int64_t c = 0; c < x.cols; ++c) mine[r](i, c) = x(shards[r].owned[i], c);
      }
      sent.push_back(multiply(reference::dense_of(plans[r].gather.view()), mine[r]));
    }
    reference::Dense y(x.rows, x.cols);
    for (int r = 0; r < ranks(); ++r) {
      const reference::Dense local = reference::dense_of(shards[r].local.view());
      const reference::Dense here = multiply(transposed ? reference::transposed(local) : local, mine[r]);
      const reference::Dense there = multiply(reference::dense_of(plans[r].scatter.view()), received(plans, sent, r));
      for (int64_t i = 0; i < here.rows; ++i) {
        for (int64_t c = 0; c < x.cols; ++c) y(shards[r].owned[i], c) = here(i, c) + there(i, c);
      }
    }
    return y;
  }

  static reference::Dense received(const std::vector<ExchangePlan>& plans, const std::vector<reference::Dense>& sent,
                                   int rank) {
    reference::Dense rows(plans[rank].rows_received(), sent[rank].cols);
    for (size_t q = 0; q < plans.size(); ++q) {
      const int64_t from = plans[q].send_offsets[rank], to = plans[rank].receive_offsets[q];
      for (int64_t k = 0; k < plans[q].send_offsets[rank + 1] - from; ++k) {
        for (int64_t c = 0; c < rows.cols; ++c) rows(to + k, c) = sent[q](from + k, c);
      }
    }
    return rows;
  }
};

}  // namespace tersegraph::testing
