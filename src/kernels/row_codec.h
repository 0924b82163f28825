#pragma once

#include <cstddef>
#include <cstdint>

#include "base/csr.h"
#include "base/matrix.h"
#include "base/rng.h"

namespace tersegraph {

/// Bit-widths of an encoded row: 1..8 are integer rows x^ = min + scale * q with q in 0..2^b-1; 16 is bf16; 32 is fp32.
/// Rounding is stochastic and unbiased below 32 bits. (A row of 0 bits, which only a mixed message has, is not sent and
/// decodes to zero.)
constexpr bool valid_bits(int bits) {
  return (bits >= 1 && bits <= 8) || bits == 16 || bits == 32;
}

/// Bytes of one encoded row without its parameters; rows start at whole bytes. An integer row is a sequence of planes
/// of 8, 4, 2 or 1 bits (3 = 2 + 1, 5 = 4 + 1, 6 = 4 + 2, 7 = 4 + 2 + 1) of which the first holds the low bits of the
/// codes. A plane of p bits has m = ceil(cols p / 8) bytes; byte k holds columns k, m + k, 2 m + k ... from its low
/// bits upwards, so that vectors pack and unpack it without shuffles. Where cols is a multiple of 8 that is cols * bits
/// / 8 bytes.
constexpr int64_t payload_bytes(int bits, int64_t cols) {
  if (bits >= 16) return cols * (bits / 8);
  int64_t bytes = 0;
  for (int plane = 8; plane >= 1; plane /= 2) {
    if (bits & plane) bytes += (cols * plane + 7) / 8;
  }
  return bytes;
}

/// The parameters of an integer row, exactly as both ends use them (quantizing with one scale and decoding with its
/// bf16 rounding costs 1.5x the error at 8 bits and biases it). scale is a bf16 number, rounded up. min is a bf16
/// number, rounded down, except where that would widen the range by more than 1/64: then it is fp32. min + scale *
/// (2^bits - 1) is never below the largest value. A constant row has scale 0 and its value as min; so has a row whose
/// range is below 1e-32 * 2^bits. A row with a NaN or an infinity in it, or with a range beyond fp32, has min NaN: it
/// decodes to NaN everywhere, and is seen.
struct RowParams {
  float min = 0.0f;
  float scale = 0.0f;
};

/// A row inside a message that arrived.
struct EncodedRow {
  const std::byte* payload = nullptr;
  RowParams params;
  int32_t bits = 32;
};

/// What encoding learns of the rows, added to what stands there; null: not wanted. Rows of 16 and 32 bits add nothing.
struct RowTrace {
  /// The variance of row k at b bits is variances[k] / (2^b - 1)^2: range^2 times the sum of f (1 - f), where f is what
  /// is left of a value between two steps. (Uniform f would give cols / 6; entries on the minimum, of which rows after
  /// a ReLU have many, add nothing.) A row of 0 bits is taken as of 8.
  float* variances = nullptr;
  float* norms = nullptr;  ///< squared
};
/// What range^2 counts as at most, so that sums of many rows stay finite.
constexpr float kLargestTrace = 1e30f;

/// Where encode_rows writes: row k goes to payload + offsets[k] with bits[k] bits; params[k] is set for integer widths.
/// A row of 0 bits is only traced.
struct EncodedRowsOut {
  const uint8_t* bits = nullptr;
  const int64_t* offsets = nullptr;
  std::byte* payload = nullptr;
  RowParams* params = nullptr;
  RowTrace trace = {};
};

/// Sums of rows: row k is sum_j gather(k, j) x_j.
struct RowSums {
  CsrView gather = {};
  ConstMatrixView x = {};
};

/// Encodes, for each row k of `gather` (m, n), the row sum_j gather(k, j) x_j of x (n, d): a selection when each row
/// has one entry without a value, partial sums otherwise. To it row k of `more` is added, where that has rows. Row k
/// draws its random numbers from key.row(row_ids[k]).
void encode_rows(CsrView gather, ConstMatrixView x, const int64_t* row_ids, StreamKey key, const EncodedRowsOut& out,
                 const RowSums& more = {});

/// The same on the calling thread alone.
void encode_block(CsrView gather, ConstMatrixView x, const int64_t* row_ids, StreamKey key, const EncodedRowsOut& out);

/// y_i += sum_k scatter(i, k) decode(rows[k]), in the order in which scatter stores its entries. scatter (n, m), y (n,
/// d). The decoded rows are never stored.
void accumulate_rows(CsrView scatter, const EncodedRow* rows, MatrixView y);

/// Decodes one row of `cols` values; for tests and for consumers that need the row itself.
void decode_row(const EncodedRow& row, int64_t cols, float* out);

/// Scalar references: the same numbers (bit for bit in the codes and the parameters) from plain loops.
void encode_row_reference(const float* x, int64_t cols, int bits, uint64_t row_key, std::byte* payload,
                          RowParams* params);
void decode_row_reference(const EncodedRow& row, int64_t cols, float* out);

}  // namespace tersegraph
