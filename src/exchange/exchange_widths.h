#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "comm/channel.h"
#include "exchange/exchange_plan.h"
#include "exchange/message.h"

namespace tersegraph {

/// The width of every row that a rank sends and receives in one exchange, and what follows from them for its messages.
class ExchangeWidths {
 public:
  ExchangeWidths() = default;
  ExchangeWidths(const ExchangeWidths&) = delete;
  ExchangeWidths& operator=(const ExchangeWidths&) = delete;

  std::vector<uint8_t> send;     ///< (rows sent), in the plan's order
  std::vector<uint8_t> receive;  ///< (rows received)

  /// After any change of the widths.
  void lay_out(const ExchangePlan& plan, int64_t cols);

  const MessageLayout& sent(int peer) const { return sent_[static_cast<size_t>(peer)]; }
  const MessageLayout& expected(int peer) const { return expected_[static_cast<size_t>(peer)]; }

 private:
  std::vector<MessageLayout> sent_, expected_;
};

/// Each rank tells those of other hosts the widths, from 0 to 8, of the rows that it will send to them in these
/// exchanges, by half a byte a row (Traffic::setup); the rest stays. plans[t] is that of widths[t]. Collective.
void tell_widths(Channel& channel, const Hosts& hosts, std::span<const ExchangePlan* const> plans,
                 std::span<ExchangeWidths* const> widths);

}  // namespace tersegraph
