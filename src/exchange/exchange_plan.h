#pragma once

#include <cstdint>
#include <vector>

#include "base/csr.h"
#include "comm/channel.h"
#include "exchange/joint_wanted.h"
#include "exchange/plan_cover.h"
#include "graph/shard.h"

namespace tersegraph {

/// Which rows one exchange moves, and what becomes of them. A rank sends the rows of gather * x and receives rows r;
/// the result is y += scatter * r. The backward exchange of a forward one is its transpose: gather' = scatter^T,
/// scatter' = gather^T.
struct ExchangePlan {
  Csr gather;                         ///< (rows sent, owned): selections and sums over local rows
  std::vector<int64_t> send_offsets;  ///< (ranks + 1): gather rows send_offsets[q] .. send_offsets[q+1]-1 go to rank q
  std::vector<int64_t> send_ids;      ///< one a gather row: keys its random numbers. A node's global id where that
                                      ///< node's row or gradient travels; beyond all ids for partial sums
  Csr scatter;                        ///< (owned, rows received), columns ascending
  std::vector<int64_t> receive_offsets;  ///< (ranks + 1)
  std::vector<int64_t> receive_ids;      ///< what the senders have as send_ids

  /// (ranks), or empty: how many columns the last row to (from) a rank has, where these are fewer than the others'.
  /// `gather` is the identity then.
  std::vector<int64_t> send_last_cols = {}, receive_last_cols = {};

  SharedRows shared = {};  ///< forward, where ranks share
  /// Backward, where they do: what this rank adds to messages of its mates, (entries, owned); where its entries begin
  /// among those of all; what mates add to its own messages, (rows sent, entries of all).
  Csr given = {}, taken = {};
  int64_t given_begin = 0;

  int64_t given_total() const { return taken.cols; }

  int64_t rows_sent() const { return send_offsets.back(); }
  int64_t rows_received() const { return receive_offsets.back(); }
  int64_t last_cols_sent(size_t peer, int64_t cols) const {
    return send_last_cols.empty() ? cols : send_last_cols[peer];
  }
  int64_t last_cols_received(size_t peer, int64_t cols) const {
    return receive_last_cols.empty() ? cols : receive_last_cols[peer];
  }
};

/// Forward: y += remote x_halo. `remote` is the shard's, or a part of it: (owned, halo) with some entries left out, and
/// then no row travels that only those need. From each rank come first the rows that travel as they are, in the halo's
/// order, then the partial sums, by the local row that they belong to; of what ranks share come the rows that any of
/// them needs. Collective: ranks tell each other what they need (Traffic::setup).
ExchangePlan plan_forward(const Shard& shard, CsrView remote, RowChoice choice, const Hosts& hosts, Channel& channel);

/// Nothing is shared.
ExchangePlan plan_forward(const Shard& shard, CsrView remote, RowChoice choice, Channel& channel);

/// The rows received are the shard's halo, in its order, and scatter is its `remote`. Nothing is shared.
inline ExchangePlan plan_forward(const Shard& shard, Channel& channel) {
  return plan_forward(shard, shard.remote, RowChoice::sources, channel);
}

/// Backward: rows that travelled as they are become sums of gradients over the receiver's rows; of a partial sum the
/// gradient of its destination travels back. Of rows that ranks share, one sends the sum over all of them.
ExchangePlan plan_backward(const ExchangePlan& forward);

}  // namespace tersegraph
