#pragma once

#include <span>
#include <vector>

#include "comm/ledger.h"
#include "data/dataset.h"
#include "exchange/link_model.h"
#include "plan/epoch_work.h"

namespace tersegraph {

/// Bits a value of the rows that ranks exchange in training: `low` for a share of the rows, `high` for the others.
struct RowBits {
  int low = 32, high = 32;
  double high_share = 1;

  double mean() const { return low + high_share * (high - low); }
  bool fixed() const { return low == high || high_share == 0 || high_share == 1; }
};

/// Bytes of the message that takes `rows` rows to a peer, headers included. Rows whose minima need fp32 (RowParams)
/// take two more each, which only their values tell.
int64_t message_bytes(int64_t rows, int64_t cols, const RowBits& bits);
/// Of an exchange, to one peer, and from it.
int64_t bytes_to(const HaloWork& work, size_t peer, const RowBits& bits);
int64_t bytes_from(const HaloWork& work, size_t peer, const RowBits& bits);
int64_t halo_bytes(const HaloWork& work, const RowBits& bits);

/// What the policy sends at in a usual epoch. Of `adaptive` what its goal would choose if all rows of an exchange
/// varied alike, over links like `link` between all ranks, each a host; of `random` the mean; of `sancus` the most.
RowBits row_bits(const ExchangeConfig& config, std::span<const RankWork> ranks, const Link& link);

/// Sums over ranks.
struct TrafficPlan {
  TrafficBytes epoch{};       ///< of training, what ranks tell each other after it included
  TrafficBytes evaluation{};  ///< of one
  TrafficBytes once{};        ///< layer 0, and the last outputs on their way to rank 0

  /// A whole run of so many epochs, without setup.
  TrafficBytes run(int64_t epochs, int64_t evaluations) const;
};
TrafficPlan traffic(const DatasetShape& dataset, const FullGraphConfig& config, std::span<const RankWork> ranks,
                    const RowBits& bits);

/// Evaluations of a run that no patience ends.
int64_t evaluations(int64_t epochs, int64_t eval_every);

}  // namespace tersegraph
