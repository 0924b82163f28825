#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/byte_stream.h"

namespace tersegraph {

/// What one rank asks of another: rows as they are, and sums of rows.
struct Wanted {
  std::vector<int64_t> rows;          ///< global ids
  std::vector<int64_t> destinations;  ///< of each sum: the node it belongs to
  std::vector<int64_t> lengths;       ///< of each sum
  std::vector<int64_t> terms;         ///< global ids, sum after sum
  std::vector<float> coefficients;    ///< of the terms; empty: all 1

  int64_t count() const { return std::ssize(rows) + std::ssize(destinations); }
};

void append_wanted(const Wanted& wanted, std::vector<std::byte>& bytes);
/// The reader stands behind it afterwards. Errors: as the reader's, also for lists that do not fit together.
Wanted read_wanted(ByteReader& reader);

}  // namespace tersegraph
