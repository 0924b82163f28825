#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/row_codec.h"

namespace tersegraph {

/// One message to one peer, all in one piece:
///   header | parameters: 4 bytes a row (integer widths only) | payload: the rows, each from a whole byte | extension
/// A row's parameters are bf16 min and bf16 scale. Where min needs fp32 (see RowParams), the scale's sign bit is set
/// and the low 16 bits of min stand in the extension, in row order.
struct MessageHeader {
  static constexpr uint32_t kMagic = 0x31475354;  // "TSG1"
  uint32_t magic = kMagic;
  uint32_t rows = 0;
  uint32_t cols = 0;
  uint32_t bits = 0;
  uint32_t sequence = 0;   ///< counts the exchanges of a run, so that ranks which fell out of step notice
  uint32_t wide_rows = 0;  ///< entries of the extension
};

/// Where the parts of a message of `rows` rows lie.
struct MessageLayout {
  int64_t rows = 0, cols = 0;
  int bits = 32;

  bool has_params() const { return bits <= 8; }
  int64_t row_bytes() const { return payload_bytes(bits, cols); }
  int64_t params_offset() const { return static_cast<int64_t>(sizeof(MessageHeader)); }
  int64_t payload_offset() const { return params_offset() + (has_params() ? 4 * rows : 0); }
  int64_t extension_offset() const { return payload_offset() + rows * row_bytes(); }
  /// The longest that such a message can be.
  int64_t capacity() const { return extension_offset() + (has_params() ? 2 * rows : 0); }
};

/// Completes a message whose payload is already written: header, parameters, extension. Returns its length.
int64_t seal_message(const MessageLayout& layout, uint32_t sequence, const RowParams* params, std::byte* message);

/// Checks a received message against what was expected and fills `rows` (layout.rows entries) with views into it.
/// Errors: RunError naming the peer when the message is not the expected one.
void open_message(const MessageLayout& layout, uint32_t sequence, int peer, std::span<const std::byte> message,
                  EncodedRow* rows);

}  // namespace tersegraph
