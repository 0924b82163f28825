#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tersegraph {

/// Time of a message of n bytes over a link: theta n + gamma (AdaQP, MLSys 2023, section 4).
struct Link {
  double theta = 0;  ///< seconds a byte
  double gamma = 0;  ///< seconds a message

  double seconds(double bytes, double messages = 1) const { return theta * bytes + gamma * messages; }
};

/// Reads "1gbit", "1gbit,50us" or "100mbit:latency=1ms": the rate in kbit, mbit, gbit or tbit a second, the latency in
/// ns, us, ms or s (none: 0). Errors: InputError that shows an example.
Link parse_link(std::string_view spec);
/// The same words; parse_link(print_link(link)) is the link to 12 digits. A link without a rate (theta 0) is "free".
std::string print_link(const Link& link);

/// One measured message.
struct ProbeSample {
  double bytes = 0;
  double seconds = 0;
};
/// The theta >= 0 and gamma >= 0 with the least sum of ((theta n + gamma - t) / t)^2: relative errors, so that the
/// short messages settle gamma and the long ones theta. No samples: a free link.
Link fit_link(std::span<const ProbeSample> samples);

/// The same for links that let a burst through at once and then keep to a rate, as shaped ones do (`samples` ascend in
/// bytes): theta is what the largest message takes beyond the one before it where that is clearly more than the fit's,
/// and gamma the time of the smallest.
Link lasting_link(std::span<const ProbeSample> samples);

/// The links of every directed pair of hosts. Ranks on one host exchange without cost unless the diagonal says
/// otherwise.
class LinkModel {
 public:
  explicit LinkModel(int hosts = 0) : hosts_(hosts), links_(static_cast<size_t>(hosts) * hosts) {}
  /// The same link between any two hosts.
  static LinkModel uniform(int hosts, const Link& link);

  int hosts() const { return hosts_; }
  const Link& link(int from, int to) const { return links_[static_cast<size_t>(from) * hosts_ + to]; }
  Link& link(int from, int to) { return links_[static_cast<size_t>(from) * hosts_ + to]; }

  /// theta and gamma of each pair, by sender, then by receiver: 2 hosts^2 numbers, which a configuration file keeps.
  std::vector<double> numbers() const;
  /// Errors: InputError when there are not 2 hosts^2 of them, or one is negative or not finite.
  static LinkModel from_numbers(int hosts, std::span<const double> numbers);

 private:
  int hosts_;
  std::vector<Link> links_;
};

/// What travels between two hosts (or two ranks, in rounds) in one exchange.
struct LinkLoad {
  double bytes = 0;
  double messages = 0;
};

/// Everyone sends to all at once: a host is busy for the longer of what it sends and what it receives, and the exchange
/// lasts as long as its busiest host:
///   Z = max over hosts h of max(sum_q time(h -> q), sum_q time(q -> h)).
/// loads: hosts x hosts, by sender.
double all_at_once_seconds(const LinkModel& links, std::span<const LinkLoad> loads);

/// The ring all-to-all of the paper: in round r = 1..R-1, rank k sends to rank k + r modulo R, and
///   Z = sum over r of max over k of time(k -> k + r).
/// loads: ranks x ranks, by sender; host_of[k] is the host of rank k.
double ring_seconds(const LinkModel& links, std::span<const int> host_of, std::span<const LinkLoad> loads);

}  // namespace tersegraph
