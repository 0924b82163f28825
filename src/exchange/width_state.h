#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_stream.h"

namespace tersegraph {

/// The widths in use, over all ranks, and what the last choice of them foresaw.
struct WidthReport {
  std::map<std::string, double> bits;  ///< mean bits a value by exchange: "forward.1", "backward.2"
  std::optional<double> error;         ///< of AssignerGoal; and of one epoch:
  double seconds = 0, bytes = 0;
  bool met = true;  ///< the budget was
};

/// What one rank knows of the widths between epochs: with it, a later run continues as if nothing had happened.
struct WidthState {
  struct Exchange {
    int32_t backward = 0, layer = 0;
    int64_t cols = 0;
    std::vector<uint8_t> send, receive;   ///< widths in use; empty: one for all
    std::vector<float> variances, norms;  ///< of each row sent, summed over `passes`
    /// Of each row sent, once `weighed`: the sum of the squared coefficients with which it enters the receiver's
    /// result.
    std::vector<float> coefficients;
    bool weighed = false;
    int64_t passes = 0, extension_bytes = 0;
    double hidden_seconds = 0;  ///< summed over `timed` passes
    int64_t timed = 0;
    int64_t drawn = -1;  ///< cycle of the random widths
  };
  std::vector<Exchange> exchanges;     ///< the same ones, in the same order, on every rank
  std::vector<double> hidden_seconds;  ///< of `slack`, once measured
  WidthReport report;
  bool changed = false;  ///< since the report's bits were counted
  int32_t floor = 0;     ///< the narrowest width that may be chosen, and whether it was raised since the last choice
  bool raised = false;
  int64_t start = 0;  ///< the epoch before the first that these widths knew: what comes when counts from there
};

void append_widths(const WidthState& state, std::vector<std::byte>& bytes);
/// The reader stands behind it afterwards. Errors: as the reader's, also for widths that no row has.
WidthState read_widths(ByteReader& reader);

}  // namespace tersegraph
