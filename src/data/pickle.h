#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/array.h"

namespace tersegraph {

/// A value of a pickle. Containers refer to their items by number, so cycles and deep nesting cost nothing to take
/// apart.
struct PickleValue {
  enum class Kind { none, boolean, integer, real, text, tuple, list, dict, global, dtype, array, csr_matrix };
  Kind kind = Kind::none;
  int64_t integer = 0;  ///< boolean, integer; array: 1 when in Fortran order
  double real = 0;
  std::string name;                  ///< global: "module name"; dtype: "<f4"
  std::span<const std::byte> bytes;  ///< text: its characters; array: its data
  std::vector<uint32_t> items;       ///< tuple, list; dict, csr_matrix: key, value, ...; array: shape, dtype[, objects]

  std::string_view text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

/// Reads the pickles that numpy and scipy make of arrays, dtypes, scalars and CSR matrices (protocols 2 to 4), with
/// plain values and default dictionaries around them. It is an interpreter of data alone: no name in the file is ever
/// imported or called, and any other than those is an error. Values are bounded in number; everything points into
/// `bytes`.
class Pickle {
 public:
  /// Errors: InputError, `what` in front.
  Pickle(std::span<const std::byte> bytes, std::string what);

  const PickleValue& root() const { return values_[root_]; }
  const PickleValue& at(uint32_t value) const { return values_[value]; }
  /// The value of a text key in a dict or in a CSR matrix's state, or null.
  const PickleValue* find(const PickleValue& dict, std::string_view key) const;
  /// A numeric array. `part` is added to what() in messages.
  ArrayView array(const PickleValue& value, std::string_view part) const;
  std::vector<int64_t> integers(const PickleValue& tuple) const;
  int64_t integer(const PickleValue& value) const;

  [[noreturn]] void malformed(std::string_view why) const;

 private:
  friend class PickleMachine;

  std::deque<PickleValue> values_;
  uint32_t root_ = 0;
  std::string what_;
};

}  // namespace tersegraph
