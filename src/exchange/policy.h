#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "exchange/bit_assigner.h"
#include "exchange/lane_prices.h"
#include "exchange/plan_cover.h"

namespace tersegraph {

/// How halo rows are encoded when ranks exchange them during training. Evaluation and layer 0 are always exact.
///   exact     fp32
///   uniform   one width for all
///   random    each message one of `widths`, drawn anew every `assign_every` epochs
///   adaptive  each message one of `widths`, chosen from what its rows were like (AdaQP, MLSys 2023)
///   pipe      one width for all; rows are used one epoch late (PipeGCN, ICLR 2022): see PipeExchange
///   sancus    fp32; rows that hardly changed are not sent again (SANCUS, VLDB 2022): see SancusExchange
enum class ExchangePolicy { exact, uniform, random, adaptive, pipe, sancus };

/// What ranks on one host send each other: fp32, while they share what comes from other hosts (see Hosts); or the same
/// as what goes between hosts (every rank then counts as a host). `automatic`: fp32, unless there is but one host.
enum class IntraHost { automatic, exact, same };

struct ExchangeConfig {
  ExchangePolicy policy = ExchangePolicy::exact;
  int bits = 32;  ///< of `uniform` and `pipe`: 1..8 integer rows, 16 bf16, 32 fp32

  std::vector<int> widths{2, 4, 8};                         ///< of `random` (1..8) and `adaptive` (0..8)
  int assign_every = 50;                                    ///< epochs
  AssignerGoal goal = {};                                   ///< of `adaptive`
  Lanes::Schedule schedule = Lanes::Schedule::all_at_once;  ///< of the time model
  std::string link = {};                                    ///< as parse_links takes it; empty: see WidthPolicy
  IntraHost intra = IntraHost::automatic;
  RowChoice rows = RowChoice::sources;  ///< under any policy
  bool overlap = true;                  ///< false, to compare with: what needs no messages waits for them too
  int guard_every = 100;  ///< of `adaptive`: epochs between checks of the gradient (train/width_guard.h); 0: none

  double pipe_smoothing = 0;  ///< of `pipe`, from 0 to below 1: the share that moving averages keep
  double sancus_bound = 0;    ///< of `sancus`: relative change from which rows are sent again
  int64_t sancus_epochs = 0;  ///< of `sancus`: age at which they are in any case; 0: none

  /// Rows of earlier epochs are used.
  bool stale() const { return policy == ExchangePolicy::pipe || policy == ExchangePolicy::sancus; }
  /// Which ranks share rows: stale ones are kept rank by rank, to be used or sent again.
  IntraHost sharing() const { return stale() ? IntraHost::same : intra; }
  bool mixes_widths() const { return policy == ExchangePolicy::random || policy == ExchangePolicy::adaptive; }
  /// The most bits a value of what is sent between hosts in training.
  int halo_bits() const {
    if (mixes_widths()) return widths.empty() ? 0 : *std::max_element(widths.begin(), widths.end());
    return policy == ExchangePolicy::exact || policy == ExchangePolicy::sancus ? 32 : bits;
  }
};

}  // namespace tersegraph
