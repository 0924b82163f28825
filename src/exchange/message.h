#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/row_codec.h"

namespace tersegraph {

/// One message to one peer, all in one piece:
///   header | parameters: 4 bytes a row (of 1 to 8 bits) | payload: the rows, each from a whole byte | extension
/// A row's parameters are bf16 min and bf16 scale. Where min needs fp32 (see RowParams), the scale's sign bit is set
/// and the low 16 bits of min stand in the extension, in row order. A row of 0 bits takes nothing anywhere.
/// Both ends know the layout, so only a hash of it is sent; the extension's length is what is left of the message's.
struct MessageHeader {
  uint32_t sequence = 0;  ///< counts the exchanges of a run, so that ranks which fell out of step notice
  uint32_t layout = 0;    ///< MessageLayout::hash()
  uint64_t checksum = 0;  ///< of all else in the message
};
static_assert(sizeof(MessageHeader) == 16);

/// Where the parts of a message lie.
class MessageLayout {
 public:
  MessageLayout() = default;
  /// All rows of one width. The last row may have fewer columns than the others.
  MessageLayout(int64_t rows, int64_t cols, int bits, int64_t last_cols);
  MessageLayout(int64_t rows, int64_t cols, int bits) : MessageLayout(rows, cols, bits, cols) {}
  /// A width a row: 0 to 8, 16 or 32. They must outlive this.
  MessageLayout(std::span<const uint8_t> widths, int64_t cols, int64_t last_cols);
  MessageLayout(std::span<const uint8_t> widths, int64_t cols) : MessageLayout(widths, cols, cols) {}

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  int bits() const { return bits_; }  ///< 0: mixed
  int bits_of(int64_t row) const { return bits_ != 0 ? bits_ : widths_[row]; }
  int64_t values() const { return values_; }
  int64_t value_bits() const { return value_bits_; }  ///< of all values together
  /// Layouts that differ have different ones, but for a chance of 2^-32.
  uint32_t hash() const;

  int64_t params_offset() const { return static_cast<int64_t>(sizeof(MessageHeader)); }
  int64_t payload_offset() const { return params_offset() + 4 * param_rows_; }
  int64_t extension_offset() const { return payload_offset() + payload_; }
  /// The longest that such a message can be.
  int64_t capacity() const { return extension_offset() + 2 * param_rows_; }
  /// Whether there is anything to send: rows of which every one is dropped are no message.
  bool empty() const { return payload_ == 0; }

 private:
  void shorten_last_row(int64_t last_cols);

  int64_t rows_ = 0, cols_ = 0;
  int bits_ = 32;
  const uint8_t* widths_ = nullptr;
  int64_t param_rows_ = 0, payload_ = 0, values_ = 0, value_bits_ = 0;
  uint64_t widths_hash_ = 0;
};

constexpr bool has_params(int bits) {
  return bits >= 1 && bits <= 8;
}

/// Completes a message whose payload is already written: parameters, extension, header. Returns its length.
int64_t seal_message(const MessageLayout& layout, uint32_t sequence, const RowParams* params, std::byte* message);

/// Checks a received message against what was expected and fills `rows` (layout.rows() entries) with views into it.
/// Errors: RunError naming the peer when the message is not the expected one, or was damaged on its way.
void open_message(const MessageLayout& layout, uint32_t sequence, int peer, std::span<const std::byte> message,
                  EncodedRow* rows);

}  // namespace tersegraph
