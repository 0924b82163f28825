#include "exchange/pipe_exchange.h"

namespace tersegraph {

void PipeExchange::send(ConstMatrixView x) {
  exchange_.start(*plan_, x, pass_);
  under_way_ = true;
}

void PipeExchange::settle(PhaseSeconds& seconds) {
  if (under_way_) store(smoothing_, seconds);
  under_way_ = false;
}

void PipeExchange::start(const ExchangePlan& plan, ConstMatrixView x, const ExchangePass& pass) {
  meet(plan, x.cols, pass);
  if (!has_stored() && !under_way_) send(x);
}

void PipeExchange::finish(ConstMatrixView x, MatrixView y, PhaseSeconds& seconds) {
  const bool first = !has_stored();
  settle(seconds);
  accumulate(y, seconds);
  PhaseTimer timer(seconds, "encode");
  if (!first) send(x);
}

}  // namespace tersegraph
