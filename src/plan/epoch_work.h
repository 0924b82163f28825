#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "comm/channel.h"
#include "data/rank_data.h"
#include "data/split.h"
#include "exchange/aggregation.h"
#include "nn/graph_conv.h"
#include "train/config.h"

namespace tersegraph {

/// How soon SpMM comes back to a row that it has gathered: entry k counts the gathers of rows that were last read from
/// 2^k to 2^(k+1) - 1 gathers before. A row's first gather counts as a return after as many gathers as there are rows.
using ReuseHistogram = std::array<int64_t, 40>;
ReuseHistogram reuse_of(CsrView a);

/// Whether a layer's A meets rows in every training epoch, forward; and backward, where the input has a gradient or a
/// message.
bool sends_forward(const GraphConv& conv);
bool sends_backward(const GraphConv& conv, int layer);

/// One exchange of halo rows as one rank sees it.
struct HaloWork {
  int layer = 0;
  bool backward = false;
  int64_t cols = 0;
  std::vector<int64_t> rows_to = {}, rows_from = {};  ///< by peer; what comes to a mate, for all of its host, is his
  std::vector<bool> exact_with = {};                  ///< by peer: fp32 whatever the policy; empty: none
  int64_t word_bytes = 0;                             ///< to mates, of rows that they share
  int64_t gathered = 0, scattered = 0;                ///< entries of the plan's gather and scatter

  bool exact(size_t peer) const { return !exact_with.empty() && exact_with[peer]; }
  int64_t rows_sent() const;
  int64_t rows_received() const;
};

/// What a training epoch computes in one layer on one rank.
struct LayerWork {
  GraphConv conv;
  int64_t rows_in = 0, rows_out = 0;                  ///< of h_l and h_{l+1} that are computed
  int64_t forward_entries = 0, backward_entries = 0;  ///< of the local part of A and of A^T
  double central_share = 1;                           ///< of the rows that go on while messages travel
};

/// Sparse rows that weights are multiplied with; no entries: they are dense.
struct InputWork {
  int64_t entries = 0;
  ReuseHistogram reuse{};  ///< of the weights' rows
};

/// What one rank does in an epoch of full-graph training: known before it runs, and from the very plans by which it
/// will.
struct RankWork {
  std::vector<LayerWork> layers = {};
  std::vector<HaloWork> exchanges = {};   ///< of a training epoch, in its order
  std::vector<HaloWork> evaluation = {};  ///< of one evaluation
  int64_t layer0_bytes = 0;               ///< sent once; 0 where layer 0's input is not aggregated in advance
  int64_t owned = 0, halo = 0;
  InputWork features = {}, aggregated = {};  ///< X and A X, where layer 0 multiplies them sparse
  int64_t parameters = 0;
  int64_t told_cols = 0;      ///< of every node, to rank 0 at the end
  int64_t gradient_sums = 0;  ///< values of all the partial sums of gradients
  ReuseHistogram reuse{};     ///< of the local rows of A
};

/// Makes the shard and its plans as a trainer does, and reads off them. Collective. Errors: those of FullGraphTrainer.
RankWork rank_work(const RankData& data, const Split& split, const FullGraphConfig& config, Channel& channel);

}  // namespace tersegraph
