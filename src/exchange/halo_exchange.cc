#include "exchange/halo_exchange.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "comm/collectives.h"
#include "kernels/spmm.h"

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
  place_messages();
  give(x);
  encode(x);
  send_messages();
  post_receives();
  under_way_.restart();
}

/// Sends move on in the meantime.
void HaloExchange::progress() {
  if (expected_ == 0) return channel_.communicator().progress();
  for (size_t q = 0; q < receives_.size(); ++q) {
    size_t length = 0;
    if (receives_[q] < 0 || !channel_.communicator().test(receives_[q], &length)) continue;
    message_came(static_cast<int>(q), length);
    if (--expected_ == 0) hidden_seconds_ += under_way_.seconds();
  }
}

/// Or the word of the mate to whom it came.
void HaloExchange::message_came(int peer, size_t length) {
  receives_[peer] = kCame;
  lengths_[peer] = length;
  if (!plan_->shared.shared(peer)) return;
  if (plan_->shared.reads(peer)) return rooms_->tell_length(pass_.kind, peer, length);
  lengths_[peer] = rooms_->length_of(peer);
}

/// Where each message goes that comes, and what mates give each other.
void HaloExchange::place_messages() {
  const int ranks = channel_.size();
  int64_t own = 0, of_host = 0;
  incoming_start_.resize(ranks);
  for (int q = 0; q < ranks; ++q) {
    int64_t& end = plan_->shared.shared(q) ? of_host : own;
    incoming_start_[q] = end;
    end += aligned(expected_layout(q).capacity());
  }
  incoming_.reserve(own);
  if (!rooms_) return;
  given_start_ = of_host;
  const auto floats = static_cast<size_t>(plan_->given_total() * cols_);
  shared_ = rooms_->begin(static_cast<size_t>(of_host) + floats * sizeof(float));
}

MatrixView HaloExchange::given_rows() const {
  return {reinterpret_cast<float*>(shared_ + given_start_), plan_->given_total(), cols_};
}

/// What this rank adds to rows that mates send.
void HaloExchange::give(ConstMatrixView x) {
  if (!rooms_) return;
  const int64_t rows = plan_->given.rows();
  if (rows > 0) spmm(plan_->given, x, {given_rows().row(plan_->given_begin), rows, cols_});
  rooms_->say_begun(pass_.kind);
}

void HaloExchange::post_receives() {
  const int ranks = channel_.size();
  receives_.assign(ranks, kNone);
  lengths_.resize(ranks);
  expected_ = 0;
  for (int k = 1; k < ranks; ++k) {
    const int q = channel_.rank_after(k);
    const MessageLayout expected = expected_layout(q);
    if (expected.empty()) continue;
    const std::span room(message_from(q), static_cast<size_t>(expected.capacity()));
    receives_[q] = plan_->shared.reads(q) ? channel_.receive_bare(q, kHaloTag + tag_, room)
                                          : rooms_->expect_length(plan_->shared.reader[q], q);
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
  if (plan_->given_total() > 0) {
    rooms_->await_begun(pass_.kind);
    encode_rows(plan_->gather, x, plan_->send_ids.data(), pass_.key, out, {plan_->taken, given_rows()});
  } else if (plan_->send_last_cols.empty()) {
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
  for (int k = 1; k < ranks; ++k) {
    const int q = channel_.rank_after(k);
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

void HaloExchange::await_messages() {
  if (expected_ > 0) hidden_seconds_ += under_way_.seconds();
  expected_ = 0;
  // First what mates wait for too.
  for (const bool of_mates : {false, true}) {
    for (int q = 0; q < channel_.size(); ++q) {
      if (receives_[q] < 0 || plan_->shared.reads(q) == of_mates) continue;
      message_came(q, channel_.wait(pass_.kind, receives_[q]));
    }
  }
}

void HaloExchange::await(PhaseSeconds& seconds) {
  PhaseTimer timer(seconds, "wait");
  await_messages();
}

void HaloExchange::take_messages() {
  await_messages();
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
  if (lengths_[peer] > static_cast<size_t>(expected_layout(peer).capacity())) {
    fail_run("a message of {} bytes from rank {} was told, which is longer than any can be", lengths_[peer], peer);
  }
  const std::span<const std::byte> message(message_from(peer), lengths_[peer]);
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
  if (rooms_) rooms_->end(pass_.kind);
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
  if (rooms_) rooms_->release();
}

}  // namespace tersegraph
