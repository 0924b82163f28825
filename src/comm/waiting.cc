#include "comm/waiting.h"

#include <fmt/format.h>

#include <chrono>

namespace tersegraph {
namespace {

// The word, from the low end: peer + 1 (20 bits), kind (4), direction (1), begin in milliseconds (39, 17 years).
constexpr int kKindShift = 20, kSendsShift = 24, kBeginShift = 25;
constexpr uint64_t kPeerMask = (uint64_t{1} << kKindShift) - 1, kKindMask = 15;
static_assert(kTrafficKinds <= 16);

uint64_t milliseconds() {
  using namespace std::chrono;
  return static_cast<uint64_t>(
      duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch()).count());
}

}  // namespace

std::string Wait::words() const {
  if (sends) return fmt::format("{:.1f} s for rank {} to take its {} message", seconds, peer, traffic_name(kind));
  return fmt::format("{:.1f} s for the {} message of rank {}", seconds, traffic_name(kind), peer);
}

void Waiting::begin(Traffic kind, int peer, bool sends) {
  const auto number = static_cast<uint64_t>(kind);
  word_.store(static_cast<uint64_t>(peer + 1) | number << kKindShift | uint64_t{sends} << kSendsShift |
                  milliseconds() << kBeginShift,
              std::memory_order_relaxed);
}

std::optional<Wait> Waiting::read(uint64_t word) {
  if (word == 0) return std::nullopt;
  // The clock's upper bits are lost on both sides of the difference.
  const uint64_t passed = (milliseconds() << kBeginShift >> kBeginShift) - (word >> kBeginShift);
  return Wait{static_cast<Traffic>(word >> kKindShift & kKindMask), static_cast<int>(word & kPeerMask) - 1,
              (word >> kSendsShift & 1) != 0, static_cast<double>(passed) / 1000};
}

void WaitClock::tick(const Waiting& waiting) {
  const uint64_t word = waiting.word();
  ticks_ = word != 0 && word == word_ ? ticks_ + 1 : 0;
  word_ = word;
}

bool WaitClock::too_long(int64_t limit) const {
  return limit > 0 && ticks_ >= limit && static_cast<Traffic>(word_ >> kKindShift & kKindMask) != Traffic::setup;
}

int WaitClock::peer() const {
  return ticks_ > 0 ? static_cast<int>(word_ & kPeerMask) - 1 : -1;
}

int end_of_chain(int first, std::span<const int> waits_for) {
  int last = first;
  for (size_t steps = 0; steps < waits_for.size(); ++steps) {
    if (waits_for[last] < 0) return last;
    last = waits_for[last];
  }
  return first;
}

}  // namespace tersegraph
