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
struct MessageHeader {
  static constexpr uint32_t kMagic = 0x32475354;  // "TSG2"
  uint32_t magic = kMagic;
  uint32_t sequence = 0;  ///< counts the exchanges of a run, so that ranks which fell out of step notice
  uint32_t rows = 0;
  uint32_t cols = 0;
  uint32_t bits = 0;       ///< of every row; 0: mixed
  uint32_t wide_rows = 0;  ///< entries of the extension
  uint64_t widths = 0;     ///< of a mixed message: a hash of the rows' widths, which both ends know
  uint64_t checksum = 0;   ///< of all else in the message
};
static_assert(sizeof(MessageHeader) == 40);

/// Where the parts of a message lie.
class MessageLayout {
 public:
  MessageLayout() = default;
  /// All rows of one width.
  MessageLayout(int64_t rows, int64_t cols, int bits);
  /// A width a row: 0 to 8, 16 or 32. They must outlive this.
  MessageLayout(std::span<const uint8_t> widths, int64_t cols);

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  int bits() const { return bits_; }  ///< 0: mixed
  int bits_of(int64_t row) const { return bits_ != 0 ? bits_ : widths_[row]; }
  uint64_t widths_hash() const { return widths_hash_; }
  int64_t values() const { return rows_ * cols_; }
  int64_t value_bits() const { return cols_ * bits_sum_; }  ///< of all values together

  int64_t params_offset() const { return static_cast<int64_t>(sizeof(MessageHeader)); }
  int64_t payload_offset() const { return params_offset() + 4 * param_rows_; }
  int64_t extension_offset() const { return payload_offset() + payload_; }
  /// The longest that such a message can be.
  int64_t capacity() const { return extension_offset() + 2 * param_rows_; }
  /// Whether there is anything to send: rows of which every one is dropped are no message.
  bool empty() const { return payload_ == 0; }

 private:
  int64_t rows_ = 0, cols_ = 0;
  int bits_ = 32;
  const uint8_t* widths_ = nullptr;
  int64_t param_rows_ = 0, payload_ = 0, bits_sum_ = 0;
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
