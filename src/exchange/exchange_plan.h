#pragma once

#include <cstdint>
#include <vector>

#include "base/csr.h"
#include "comm/channel.h"
#include "graph/shard.h"

namespace tersegraph {

/// Which rows one exchange moves, and what becomes of them. A rank sends the rows of gather * x and receives rows r;
/// the result is y += scatter * r. The backward exchange of a forward one is its transpose: gather' = scatter^T,
/// scatter' = gather^T.
struct ExchangePlan {
  Csr gather;                         ///< (rows sent, owned): a selection forward, sums over local rows backward
  std::vector<int64_t> send_offsets;  ///< (ranks + 1): gather rows send_offsets[q] .. send_offsets[q+1]-1 go to rank q
  std::vector<int64_t> send_ids;      ///< global node id of each gather row: keys its random numbers
  Csr scatter;                        ///< (owned, rows received)
  std::vector<int64_t> receive_offsets;  ///< (ranks + 1)

  int64_t rows_sent() const { return send_offsets.back(); }
  int64_t rows_received() const { return receive_offsets.back(); }
};

/// Forward: owned rows go to every rank that has a copy of them in its halo; scatter is the shard's `remote` operator.
/// Collective: ranks tell each other which rows they need (Traffic::setup).
ExchangePlan plan_forward(const Shard& shard, Channel& channel);

/// Backward: each rank sums the gradient of its halo copies and sends the sums to the owners.
ExchangePlan plan_backward(const Shard& shard, const ExchangePlan& forward);

}  // namespace tersegraph
