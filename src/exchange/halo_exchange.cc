#include "exchange/halo_exchange.h"

#include <algorithm>
#include <array>

#include "comm/collectives.h"

namespace tersegraph {
namespace {

/// Beyond those of the other messages of a training run.
constexpr int kHaloTag = kFirstFreeTag + 32;
constexpr Communicator::Request kNone = -1, kCame = -2;

/// The outputs of the rows from k on.
EncodedRowsOut from_row(EncodedRowsOut out, int64_t k) {
  out.bits += k;
  out.offsets += k;
  out.params += k;
  if (out.trace.variances != nullptr) out.trace.variances += k;
  if (out.trace.norms != nullptr) out.trace.norms += k;
  return out;
}

/// encode_rows for messages whose last row has fewer columns than the others.
void encode_by_peers(const ExchangePlan& plan, ConstMatrixView x, StreamKey key, const EncodedRowsOut& out) {
  constexpr int64_t kOneRow[] = {0, 1};
  constexpr int32_t kFirst[] = {0};
  for (size_t q = 0; q + 1 < plan.send_offsets.size(); ++q) {
    const int64_t first = plan.send_offsets[q], last = plan.send_offsets[q + 1] - 1;
    if (last < first) continue;
    CsrView whole = plan.gather;
    whole.indptr += first;
    whole.rows = last - first;
    encode_rows(whole, x, plan.send_ids.data() + first, key, from_row(out, first));
    encode_block({1, 1, kOneRow, kFirst, nullptr}, {x.row(last), 1, plan.send_last_cols[q]},
                 plan.send_ids.data() + last, key, from_row(out, last));
  }
}

/// Messages begin at cache lines.
int64_t aligned(int64_t bytes) {
  return (bytes + 63) / 64 * 64;
}

}  // namespace

MessageLayout HaloExchange::sent_layout(int peer) const {
  if (pass_.widths != nullptr) return pass_.widths->sent(peer);
  return {plan_->send_offsets[peer + 1] - plan_->send_offsets[peer], cols_, pass_.bits,
          plan_->last_cols_sent(static_cast<size_t>(peer), cols_)};
}

MessageLayout HaloExchange::expected_layout(int peer) const {
  if (pass_.widths != nullptr) return pass_.widths->expected(peer);
  return {plan_->receive_offsets[peer + 1] - plan_->receive_offsets[peer], cols_, pass_.bits,
          plan_->last_cols_received(static_cast<size_t>(peer), cols_)};
}

void HaloExchange::start(const ExchangePlan& plan, ConstMatrixView x, const ExchangePass& pass) {
  plan_ = &plan;
  pass_ = pass;
  cols_ = x.cols;
  ++sequence_;
  post_receives();
  encode(x);
  send_messages();
  under_way_.restart();
}

/// Sends move on in the meantime.
void HaloExchange::progress() {
  if (expected_ == 0) return channel_.communicator().progress();
  for (size_t q = 0; q < receives_.size(); ++q) {
    if (receives_[q] < 0 || !channel_.communicator().test(receives_[q], &lengths_[q])) continue;
    receives_[q] = kCame;
    if (--expected_ == 0) hidden_seconds_ += under_way_.seconds();
  }
}

void HaloExchange::post_receives() {
  const int ranks = channel_.size();
  incoming_start_.assign(ranks + 1, 0);
  for (int q = 0; q < ranks; ++q) {
    incoming_start_[q + 1] = incoming_start_[q] + aligned(expected_layout(q).capacity());
  }
  incoming_.reserve(incoming_start_[ranks]);
  receives_.assign(ranks, kNone);
  lengths_.resize(ranks);
  expected_ = 0;
  for (int q = 0; q < ranks; ++q) {
    const MessageLayout expected = expected_layout(q);
    if (expected.empty()) continue;
    const std::span room(incoming_.data() + incoming_start_[q], static_cast<size_t>(expected.capacity()));
    receives_[q] = channel_.receive_bare(q, kHaloTag + tag_, room);
    ++expected_;
  }
}

/// Where each row goes in its peer's message.
void HaloExchange::place_rows() {
  const int ranks = channel_.size();
  const int64_t rows = plan_->rows_sent();
  std::array<int64_t, 33> bytes_of{};
  for (int bits = 1; bits <= 32; ++bits) bytes_of[bits] = payload_bytes(bits, cols_);
  outgoing_start_.assign(ranks + 1, 0);
  if (pass_.widths == nullptr) row_bits_.assign(rows, static_cast<uint8_t>(pass_.bits));
  for (int q = 0; pass_.widths == nullptr && q < ranks; ++q) {
    if (held_back(q)) std::fill_n(row_bits_.begin() + plan_->send_offsets[q], sent_layout(q).rows(), uint8_t{0});
  }
  const uint8_t* const bits = row_widths();
  row_offsets_.resize(rows);
  for (int q = 0; q < ranks; ++q) {
    const MessageLayout message = sent_layout(q);
    int64_t payload = outgoing_start_[q] + message.payload_offset();
    for (int64_t k = plan_->send_offsets[q]; k < plan_->send_offsets[q + 1]; ++k) {
      row_offsets_[k] = payload;
      payload += bytes_of[bits[k]];
    }
    outgoing_start_[q + 1] = outgoing_start_[q] + aligned(message.capacity());
  }
}

void HaloExchange::encode(ConstMatrixView x) {
  place_rows();
  row_params_.resize(plan_->rows_sent());
  outgoing_.reserve(outgoing_start_.back());
  const EncodedRowsOut out{row_widths(), row_offsets_.data(), outgoing_.data(), row_params_.data(), pass_.trace};
  if (plan_->send_last_cols.empty()) {
    encode_rows(plan_->gather, x, plan_->send_ids.data(), pass_.key, out);
  } else {
    encode_by_peers(*plan_, x, pass_.key, out);
  }
}

void HaloExchange::send_messages() {
  const int ranks = channel_.size();
  const bool counts = pass_.kind == Traffic::halo_forward || pass_.kind == Traffic::halo_backward;
  extension_bytes_ = 0;
  sends_.assign(ranks, kNone);
  for (int q = 0; q < ranks; ++q) {
    MessageLayout message = sent_layout(q);
    halo_values_ += counts ? message.values() : 0;
    if (message.empty()) continue;
    if (held_back(q)) message = MessageLayout(0, cols_, pass_.bits);
    halo_bits_ += counts ? message.value_bits() : 0;
    std::byte* const start = outgoing_.data() + outgoing_start_[q];
    const int64_t length = seal_message(message, sequence_, row_params_.data() + plan_->send_offsets[q], start);
    extension_bytes_ += length - message.extension_offset();
    sends_[q] = channel_.send_bare(pass_.kind, q, kHaloTag + tag_, {start, static_cast<size_t>(length)});
  }
}

void HaloExchange::take_messages() {
  if (expected_ > 0) hidden_seconds_ += under_way_.seconds();
  expected_ = 0;
  received_.resize(plan_->rows_received());
  for (int q = 0; q < channel_.size(); ++q) {
    const MessageLayout expected = expected_layout(q);
    EncodedRow* const rows = received_.data() + plan_->receive_offsets[q];
    if (receives_[q] == kNone) {
      std::fill_n(rows, expected.rows(), EncodedRow{nullptr, {}, 0});
      continue;
    }
    take_message(q, {rows, static_cast<size_t>(expected.rows())});
  }
}

/// A message of no rows stands for rows that were held back.
void HaloExchange::take_message(int peer, std::span<EncodedRow> rows) {
  if (receives_[peer] != kCame) lengths_[peer] = channel_.wait(pass_.kind, receives_[peer]);
  const std::span<const std::byte> message(incoming_.data() + incoming_start_[peer], lengths_[peer]);
  if (pass_.held_back != nullptr && message.size() == sizeof(MessageHeader)) {
    open_message({0, cols_, pass_.bits}, sequence_, peer, message, rows.data());
    std::ranges::fill(rows, EncodedRow{nullptr, {}, 0});
  } else {
    open_message(expected_layout(peer), sequence_, peer, message, rows.data());
  }
}

void HaloExchange::wait_for_sends() {
  for (const Communicator::Request send : sends_) {
    if (send != kNone) channel_.wait(pass_.kind, send);
  }
}

std::span<const EncodedRow> HaloExchange::take(PhaseSeconds& seconds) {
  PhaseTimer timer(seconds, "wait");
  take_messages();
  wait_for_sends();
  return received_;
}

void HaloExchange::finish(MatrixView y, PhaseSeconds& seconds) {
  {
    PhaseTimer timer(seconds, "wait");
    take_messages();
  }
  accumulate_halo(*plan_, received_.data(), y, seconds);
  PhaseTimer timer(seconds, "wait");
  wait_for_sends();
}

void accumulate_halo(const ExchangePlan& plan, const EncodedRow* rows, MatrixView y, PhaseSeconds& seconds) {
  PhaseTimer timer(seconds, "accumulate");
  CsrView scatter = plan.scatter;
  scatter.rows = y.rows;  // nothing is scattered beyond
  accumulate_rows(scatter, rows, y);
}

void HaloExchange::release() {
  outgoing_ = Buffer();
  incoming_ = Buffer();
}

}  // namespace tersegraph
