#include "exchange/halo_exchange.h"

#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr int kHaloTag = kFirstFreeTag;
constexpr Communicator::Request kNone = -1;

/// Messages begin at cache lines.
int64_t aligned(int64_t bytes) {
  return (bytes + 63) / 64 * 64;
}

}  // namespace

MessageLayout HaloExchange::layout(const std::vector<int64_t>& offsets, int peer) const {
  return {offsets[peer + 1] - offsets[peer], cols_, pass_.bits};
}

void HaloExchange::start(const ExchangePlan& plan, ConstMatrixView x, const ExchangePass& pass) {
  plan_ = &plan;
  pass_ = pass;
  cols_ = x.cols;
  ++sequence_;
  post_receives();
  encode(x);
  send_messages();
}

void HaloExchange::post_receives() {
  const int ranks = channel_.size();
  incoming_start_.assign(ranks + 1, 0);
  for (int q = 0; q < ranks; ++q) {
    incoming_start_[q + 1] = incoming_start_[q] + aligned(layout(plan_->receive_offsets, q).capacity());
  }
  incoming_.reserve(incoming_start_[ranks]);
  receives_.assign(ranks, kNone);
  for (int q = 0; q < ranks; ++q) {
    const MessageLayout expected = layout(plan_->receive_offsets, q);
    if (expected.rows == 0) continue;
    const std::span room(incoming_.data() + incoming_start_[q], static_cast<size_t>(expected.capacity()));
    receives_[q] = channel_.receive(q, kHaloTag, room);
  }
}

void HaloExchange::encode(ConstMatrixView x) {
  const int ranks = channel_.size();
  const int64_t rows = plan_->rows_sent();
  outgoing_start_.assign(ranks + 1, 0);
  row_bits_.assign(rows, static_cast<uint8_t>(pass_.bits));
  row_offsets_.resize(rows);
  row_params_.resize(rows);
  for (int q = 0; q < ranks; ++q) {
    const MessageLayout message = layout(plan_->send_offsets, q);
    const int64_t payload = outgoing_start_[q] + message.payload_offset(), row_bytes = message.row_bytes();
    for (int64_t k = 0; k < message.rows; ++k) row_offsets_[plan_->send_offsets[q] + k] = payload + k * row_bytes;
    outgoing_start_[q + 1] = outgoing_start_[q] + aligned(message.capacity());
  }
  outgoing_.reserve(outgoing_start_[ranks]);
  encode_rows(plan_->gather, x, plan_->send_ids.data(), pass_.key,
              {row_bits_.data(), row_offsets_.data(), outgoing_.data(), row_params_.data()});
}

void HaloExchange::send_messages() {
  const int ranks = channel_.size();
  sends_.assign(ranks, kNone);
  for (int q = 0; q < ranks; ++q) {
    const MessageLayout message = layout(plan_->send_offsets, q);
    if (message.rows == 0) continue;
    std::byte* const start = outgoing_.data() + outgoing_start_[q];
    const int64_t length = seal_message(message, sequence_, row_params_.data() + plan_->send_offsets[q], start);
    sends_[q] = channel_.send(pass_.kind, q, kHaloTag, {start, static_cast<size_t>(length)});
  }
  if (pass_.kind == Traffic::halo_forward || pass_.kind == Traffic::halo_backward) {
    const int64_t values = plan_->rows_sent() * cols_;
    halo_values_ += values;
    halo_bits_ += values * pass_.bits;
  }
}

void HaloExchange::take_messages() {
  received_.resize(plan_->rows_received());
  for (int q = 0; q < channel_.size(); ++q) {
    if (receives_[q] == kNone) continue;
    const size_t length = channel_.wait(pass_.kind, receives_[q]);
    open_message(layout(plan_->receive_offsets, q), sequence_, q, {incoming_.data() + incoming_start_[q], length},
                 received_.data() + plan_->receive_offsets[q]);
  }
}

void HaloExchange::finish(MatrixView y, PhaseSeconds& seconds) {
  {
    PhaseTimer timer(seconds, "wait");
    take_messages();
  }
  {
    PhaseTimer timer(seconds, "accumulate");
    accumulate_rows(plan_->scatter, received_.data(), y);
  }
  PhaseTimer timer(seconds, "wait");
  for (const Communicator::Request send : sends_) {
    if (send != kNone) channel_.wait(pass_.kind, send);
  }
}

void HaloExchange::release() {
  outgoing_ = Buffer();
  incoming_ = Buffer();
}

}  // namespace tersegraph
