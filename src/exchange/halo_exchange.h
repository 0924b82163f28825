#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/rng.h"
#include "base/timer.h"
#include "comm/channel.h"
#include "exchange/exchange_plan.h"
#include "exchange/exchange_widths.h"
#include "exchange/host_rooms.h"
#include "exchange/message.h"
#include "kernels/row_codec.h"

namespace tersegraph {

/// One use of a plan: what its bytes count as, how its rows are encoded, and where its random numbers come from.
struct ExchangePass {
  Traffic kind = Traffic::halo_forward;
  int bits = 32;
  StreamKey key;
  const ExchangeWidths* widths = nullptr;  ///< of each row, instead of `bits`; laid out, and good until finish()
  RowTrace trace = {};                     ///< arrays by row of the plan
  const uint8_t* held_back = nullptr;      ///< by peer, 1: its rows are not sent; null, on all ranks alike: none may be
};

/// y += plan.scatter * rows, (rows received, y.cols) of them; adds to the phase "accumulate".
void accumulate_halo(const ExchangePlan& plan, const EncodedRow* rows, MatrixView y, PhaseSeconds& seconds);

/// Moves encoded rows between ranks: start() encodes and sends, finish() adds what arrived. Between the two the rank
/// computes what needs no messages. Buffers are kept, so a steady epoch allocates nothing. One exchange is under way at
/// a time.
class HaloExchange {
 public:
  /// Objects whose messages may be under way at one time differ in `tag`, counted from 0.
  explicit HaloExchange(Channel& channel, int tag = 0) : channel_(channel), tag_(tag) {}
  /// For plans of hosts whose ranks share; one such object at a time.
  HaloExchange(Channel& channel, const Hosts& hosts) : HaloExchange(channel) {
    if (hosts.shares_here()) rooms_.emplace(channel, hosts);
  }
  /// Messages may be under way when an error unwinds a rank; they must not reach freed buffers.
  ~HaloExchange() { channel_.communicator().drop_requests(); }
  HaloExchange(const HaloExchange&) = delete;
  HaloExchange& operator=(const HaloExchange&) = delete;

  /// Between the two: takes what has come. Cheap; for the rank's thread, between blocks of computation.
  void progress();
  bool under_way() const { return expected_ > 0; }
  /// Seconds, in all, from the end of start() until all had come or finish() was called: what computation hid.
  double hidden_seconds() const { return hidden_seconds_; }

  /// Sends the rows of plan.gather * x. `plan` and the pass must be the same on all ranks; the plan must live until
  /// finish().
  void start(const ExchangePlan& plan, ConstMatrixView x, const ExchangePass& pass);

  /// Waits, before finish(), until all has come. Adds to the phase "wait".
  void await(PhaseSeconds& seconds);

  /// y += plan.scatter * (rows received), in the order of scatter's columns, whatever arrives first.
  /// Adds to the phases "wait" (for messages: what computation did not hide) and "accumulate".
  void finish(MatrixView y, PhaseSeconds& seconds);

  /// finish() for those who use the rows themselves: what arrived, by row of the plan, good until the next start().
  /// Rows that were held back have no payload.
  std::span<const EncodedRow> take(PhaseSeconds& seconds);

  /// Frees the buffers (after a setup exchange that was far larger than those of an epoch). All ranks do, or none.
  void release();

  /// Bytes of the last start() that rows with fp32 minima took: no choice of widths foresees them.
  int64_t extension_bytes() const { return extension_bytes_; }

  /// Bits and values sent so far under halo_forward and halo_backward: their ratio is the mean bit-width.
  int64_t halo_bits() const { return halo_bits_; }
  int64_t halo_values() const { return halo_values_; }

 private:
  MessageLayout sent_layout(int peer) const;
  MessageLayout expected_layout(int peer) const;
  const uint8_t* row_widths() const { return pass_.widths != nullptr ? pass_.widths->send.data() : row_bits_.data(); }
  void place_messages();
  std::byte* message_from(int peer) const {
    return (plan_->shared.shared(peer) ? shared_ : incoming_.data()) + incoming_start_[peer];
  }
  void give(ConstMatrixView x);
  MatrixView given_rows() const;
  void place_rows();
  void post_receives();
  void encode(ConstMatrixView x);
  void send_messages();
  void message_came(int peer, size_t length);
  void await_messages();
  void take_messages();
  void take_message(int peer, std::span<EncodedRow> rows);
  void wait_for_sends();
  bool held_back(int peer) const { return pass_.held_back != nullptr && pass_.held_back[peer] != 0; }

  Channel& channel_;
  const int tag_;
  const ExchangePlan* plan_ = nullptr;
  ExchangePass pass_;
  int64_t cols_ = 0;
  uint32_t sequence_ = 0;
  int64_t halo_bits_ = 0, halo_values_ = 0, extension_bytes_ = 0;

  Buffer outgoing_, incoming_;
  std::optional<HostRooms> rooms_;
  std::byte* shared_ = nullptr;          ///< this exchange's, of the host: messages, then what mates give each other
  int64_t given_start_ = 0;              ///< there
  std::vector<int64_t> outgoing_start_;  ///< (ranks + 1): where each peer's message begins
  std::vector<int64_t> incoming_start_;  ///< (ranks): the same in incoming_, or in shared_
  std::vector<uint8_t> row_bits_;
  std::vector<int64_t> row_offsets_;
  std::vector<RowParams> row_params_;
  std::vector<EncodedRow> received_;
  std::vector<Communicator::Request> sends_, receives_;
  std::vector<size_t> lengths_;  ///< of the messages that have come
  int expected_ = 0;             ///< messages that have not
  Timer under_way_;              ///< since start()
  double hidden_seconds_ = 0;
};

}  // namespace tersegraph
