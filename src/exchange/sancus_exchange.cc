#include "exchange/sancus_exchange.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/spmm.h"

namespace tersegraph {

void SancusExchange::measure_drift() {
  constexpr int64_t kBlock = 256;
  drift_.resize(static_cast<size_t>(2 * rows_.rows()));
  parallel_blocks(rows_.rows(), kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const float *now = rows_.row(k), *then = sent_.row(k);
      double change = 0, size = 0;
      for (int64_t j = 0; j < rows_.cols(); ++j) {
        const double difference = double{now[j]} - double{then[j]};
        change += difference * difference;
        size += double{then[j]} * double{then[j]};
      }
      drift_[2 * k] = change;
      drift_[2 * k + 1] = size;
    }
  });
}

/// Not a number counts as drift.
bool SancusExchange::drifted(int peer) const {
  double change = 0, size = 0;
  for (int64_t k = plan_->send_offsets[peer]; k < plan_->send_offsets[peer + 1]; ++k) {
    change += drift_[2 * k];
    size += drift_[2 * k + 1];
  }
  return !(change <= bound_ * bound_ * size);
}

void SancusExchange::start(const ExchangePlan& plan, ConstMatrixView x, const ExchangePass& pass) {
  meet(plan, x.cols, pass);
  make_room(sent_, plan.rows_sent(), x.cols);
  rows_.reshape(plan.rows_sent(), x.cols);
  age_.resize(channel_.size(), 0);
  held_back_.assign(channel_.size(), 0);
  spmm(plan.gather, x, rows_);
  if (has_stored()) measure_drift();
  for (int q = 0; q < channel_.size(); ++q) {
    ++age_[q];
    held_back_[q] = has_stored() && !drifted(q) && (epochs_ == 0 || age_[q] < epochs_);
    if (held_back_[q] != 0) continue;
    const int64_t first = plan.send_offsets[q], last = plan.send_offsets[q + 1];
    copy_block(rows_of(ConstMatrixView(rows_), first, last), rows_of(sent_.view(), first, last));
    age_[q] = 0;
  }
  pass_.held_back = held_back_.data();
  exchange_.start(plan, x, pass_);
}

void SancusExchange::finish(ConstMatrixView, MatrixView y, PhaseSeconds& seconds) {
  store(0, seconds);
  accumulate(y, seconds);
}

void SancusExchange::append(std::vector<std::byte>& bytes) const {
  StaleExchange::append(bytes);
  StaleExchange::append(sent_, bytes);
  append_values(bytes, age_.data(), std::ssize(age_));
}

void SancusExchange::read(ByteReader& reader) {
  StaleExchange::read(reader);
  StaleExchange::read(sent_, reader);
  age_.resize(channel_.size());
  reader.read(age_.data(), std::ssize(age_));
}

}  // namespace tersegraph
