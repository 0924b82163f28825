#include "exchange/link_probe.h"

#include <algorithm>
#include <cstring>

#include "base/buffer.h"
#include "base/error.h"
#include "base/timer.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr int kProbeTag = kFirstFreeTag + 16, kEchoTag = kFirstFreeTag + 17;
constexpr int64_t kDone = 1, kSmallest = 64, kLargest = int64_t{4} << 20, kGrowth = 4;
constexpr double kLongest = 0.05;      ///< no larger messages once one takes this many seconds
constexpr double kPatience = 0.02;     ///< no more repeats of a size once they have taken this many
constexpr int64_t kEnough = 16 << 10;  ///< shorter messages say little of the rate
constexpr int kRepeats = 7, kLeastRepeats = 3;

/// The probing ends of one pair of hosts.
class PairProbe {
 public:
  PairProbe(Channel& channel, int peer) : channel_(channel), peer_(peer) {
    buffer_.reserve(static_cast<size_t>(kLargest));
    std::memset(buffer_.data(), 0, static_cast<size_t>(kLargest));  // pages that exist: their faults are no part of it
  }

  /// Sends messages of growing sizes, each answered by a short one.
  std::vector<ProbeSample> measure() {
    round_trip(kSmallest);  // connections are made by the first message
    std::vector<ProbeSample> samples;
    for (int64_t bytes = kSmallest; bytes <= kLargest; bytes *= kGrowth) {
      double least = round_trip(bytes), spent = least;
      for (int k = 1; k < kRepeats && (k < kLeastRepeats || spent < kPatience); ++k) {
        const double seconds = round_trip(bytes);
        least = std::min(least, seconds);
        spent += seconds;
      }
      // The answer takes half a short round trip.
      const double answer = samples.empty() ? least / 2 : samples.front().seconds;
      samples.push_back({static_cast<double>(bytes), std::max(least - answer, least / 2)});
      if (least > kLongest && bytes >= kEnough) break;
    }
    channel_.wait(Traffic::setup, channel_.send_bare(Traffic::setup, peer_, kProbeTag, message(kDone)));
    return samples;
  }

  /// The other end of measure().
  void answer() {
    for (;;) {
      const size_t bytes = channel_.wait(Traffic::setup, channel_.receive_bare(peer_, kProbeTag, message(kLargest)));
      if (bytes == kDone) return;
      channel_.wait(Traffic::setup, channel_.send_bare(Traffic::setup, peer_, kEchoTag, message(kSmallest)));
    }
  }

 private:
  std::span<std::byte> message(int64_t bytes) { return {buffer_.data(), static_cast<size_t>(bytes)}; }

  double round_trip(int64_t bytes) {
    const Timer timer;
    const auto sent = channel_.send_bare(Traffic::setup, peer_, kProbeTag, message(bytes));
    channel_.wait(Traffic::setup, channel_.receive_bare(peer_, kEchoTag, {echo_, sizeof echo_}));
    const double seconds = timer.seconds();
    channel_.wait(Traffic::setup, sent);
    return seconds;
  }

  Channel& channel_;
  int peer_;
  Buffer buffer_;
  std::byte echo_[kSmallest];
};

/// The partner of `host` in a round of the tournament in which each two of `hosts` (made even by one that is not there)
/// meet once: the last stays, the others turn. Below 0: none.
int partner(int host, int round, int hosts) {
  const int teams = hosts + hosts % 2, turning = teams - 1;
  int other;
  if (host == turning) {
    other = round;
  } else {
    other = ((2 * round - host) % turning + turning) % turning;
    if (other == host) other = turning;
  }
  return other < hosts ? other : -1;
}

}  // namespace

LinkModel probe_links(Channel& channel, const std::vector<int>& host_of) {
  const int hosts = *std::max_element(host_of.begin(), host_of.end()) + 1;
  std::vector<int> speaker(hosts, -1);
  for (int r = channel.size() - 1; r >= 0; --r) speaker[host_of[r]] = r;
  const int host = host_of[channel.rank()];

  LinkModel mine(hosts);
  for (int round = 0; round < hosts - 1 + hosts % 2; ++round) {
    // A round begins when the one before has ended everywhere: a link is probed while no other uses its hosts.
    barrier(channel);
    const int other = partner(host, round, hosts);
    if (other < 0 || speaker[host] != channel.rank()) continue;
    PairProbe pair(channel, speaker[other]);
    if (host > other) pair.answer();
    mine.link(host, other) = lasting_link(pair.measure());
    if (host < other) pair.answer();
  }
  const std::vector<double> numbers = mine.numbers();
  const auto all = all_gather(channel, Traffic::setup, std::as_bytes(std::span(numbers)));
  std::vector<double> sum(numbers.size(), 0.0), row(numbers.size());
  for (int h = 0; h < hosts; ++h) {
    const std::vector<std::byte>& bytes = all[speaker[h]];
    if (bytes.size() != numbers.size() * sizeof(double)) fail_run("rank {} sent a malformed link model", speaker[h]);
    std::memcpy(row.data(), bytes.data(), bytes.size());
    for (size_t k = 0; k < row.size(); ++k) sum[k] += row[k];
  }
  return LinkModel::from_numbers(hosts, sum);
}

}  // namespace tersegraph
