#pragma once

#include "exchange/stale_exchange.h"

namespace tersegraph {

/// PipeGCN (Wan et al., ICLR 2022): an epoch uses the halo rows and halo gradients of the epoch before, and what it
/// sends itself is waited for in the next one, so that messages have a whole epoch to travel. y_t = local x_t + remote
/// x_{t-1}. The first epoch is exact and waits; the paper begins with zeros, which costs a step with wrong sums and
/// saves one epoch's wait.
///
/// Smoothing g: the rows that are used are moving averages, s_t = g s_{t-1} + (1 - g) r_t over what arrived, from
/// s_1 = r_1 (the paper's section 3.4, which has it for gradients, for features, or for both: here for both).
class PipeExchange final : public StaleExchange {
 public:
  PipeExchange(Channel& channel, int tag, float smoothing) : StaleExchange(channel, tag), smoothing_(smoothing) {}

  void start(const ExchangePlan& plan, ConstMatrixView x, const ExchangePass& pass) override;
  void finish(ConstMatrixView x, MatrixView y, PhaseSeconds& seconds) override;
  void settle(PhaseSeconds& seconds) override;

 private:
  void send(ConstMatrixView x);

  float smoothing_;
  bool under_way_ = false;  ///< messages of the last epoch
};

}  // namespace tersegraph
