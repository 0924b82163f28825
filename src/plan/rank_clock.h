#pragma once

#include <string>

#include "base/timer.h"
#include "plan/epoch_work.h"
#include "plan/placement.h"
#include "plan/rates.h"
#include "plan/traffic.h"

namespace tersegraph {

/// The computation of one rank, with the rates of its machine while all its ranks compute.
class RankClock {
 public:
  RankClock(const FullGraphConfig& config, const RankWork& work, const RowBits& bits, const Rates& rates,
            const Placement& placement)
      : config_(config), work_(work), bits_(bits), rates_(rates), placement_(placement) {}

  /// Seconds of work that takes one thread alone so many.
  double spread(const std::string& kind, double seconds) const;

  double spmm(const char* phase, int64_t entries, int64_t rows, int64_t cols);
  double gemm(const std::string& table, int64_t rows, int64_t inner, int64_t outer);
  /// Layer 0's products with its input, whose rows may be sparse.
  double input_gemm(const std::string& table, int64_t rows, const GraphConv& conv, const InputWork& input);
  /// Values that go to memory or come from there, for the caches hold a block of rows alone.
  double memory(const char* phase, int64_t count);
  /// What of it and its three matrices is not in the caches has to come there.
  double optimizer();
  double values(const char* phase, const std::string& number, int64_t count);
  double activation(int64_t rows, int64_t cols, bool backward);
  /// Rows are gathered from all of the layer's, and their codes are written, summed up and, for threads, copied.
  double encode(const HaloWork& halo, double bytes);
  /// Codes are gathered from all that came, and added to sums of all rows.
  double accumulate(const HaloWork& halo, double bytes);
  /// What a rank computes for a sum over all: its messages there and back, and its part of the sum, which it moves to
  /// theirs and back.
  double reduce(double bytes, int peers) const;
  /// Moving messages takes the processor too, which MPI makes copy them; between emulated hosts it also carries them.
  double sockets(double bytes) const;
  double region() const { return placement_.threads > 1 ? rates_.number("region") : 0; }

  double add(const std::string& phase, double seconds);
  PhaseSeconds phases;

 private:
  /// Of so many bytes of one rank, what is in use on the machine, whose ranks share its caches.
  double in_use(double bytes) const { return bytes * placement_.ranks_here(); }
  /// A row gathered of so many bytes of rows.
  double entry(double bytes, int64_t cols) const;
  /// The mean over the gathers of a histogram.
  double entry(const ReuseHistogram& reuse, int64_t cols) const;
  /// What a value to send or received, and a byte read and written, take beyond what they take in cache when so many
  /// bytes of a rank are in use.
  double far_value(const char* table, double bytes) const;
  double far_byte(double bytes) const { return std::max(copied(bytes) - rates_.copy(Rates::kCached), 0.0); }
  double copied(double bytes) const { return rates_.copy(in_use(bytes)); }
  double sealed(double bytes) const { return bytes * (rates_.number("checksum") + far_byte(bytes) / 2); }
  /// Threads copy messages themselves.
  double delivered(double bytes) const { return placement_.hosts() == 1 ? bytes * copied(bytes) : 0; }
  /// Rows wider than those measured take as much a value.
  double beyond(const std::string& table, int64_t cols) const;

  const FullGraphConfig& config_;
  const RankWork& work_;
  const RowBits& bits_;
  const Rates& rates_;
  const Placement& placement_;
};

}  // namespace tersegraph
