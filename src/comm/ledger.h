#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tersegraph {

/// What bytes are sent for. The names are those of the run directory.
enum class Traffic { halo_forward, halo_backward, layer0, p, q, evaluation, all_reduce, placement, setup };
constexpr int kTrafficKinds = 9;
std::string_view traffic_name(Traffic kind);

using TrafficBytes = std::array<int64_t, kTrafficKinds>;
inline int64_t& of(TrafficBytes& bytes, Traffic kind) {
  return bytes[static_cast<int>(kind)];
}
int64_t total(const TrafficBytes& bytes);

/// Bytes that this rank sent, headers included, by kind and by peer; and seconds spent waiting, by kind.
class Ledger {
 public:
  explicit Ledger(int ranks = 1) : to_peer_(ranks, 0) {}

  void sent(Traffic kind, int peer, int64_t bytes) {
    bytes_[static_cast<int>(kind)] += bytes;
    to_peer_[peer] += bytes;
  }
  void waited(Traffic kind, double seconds) { seconds_[static_cast<int>(kind)] += seconds; }

  const TrafficBytes& bytes() const { return bytes_; }
  int64_t bytes(Traffic kind) const { return bytes_[static_cast<int>(kind)]; }
  int64_t total_bytes() const { return total(bytes_); }
  double seconds(Traffic kind) const { return seconds_[static_cast<int>(kind)]; }
  const std::vector<int64_t>& bytes_to_peer() const { return to_peer_; }

 private:
  TrafficBytes bytes_{};
  std::array<double, kTrafficKinds> seconds_{};
  std::vector<int64_t> to_peer_;
};

}  // namespace tersegraph
