#include <algorithm>
#include <vector>

#include "kernels/row_codec.h"
#include "kernels/spmm.h"
#include "plan/calibrate.h"
#include "plan/measuring.h"

namespace tersegraph {
namespace {

constexpr int64_t kCols = 64;  ///< of what is measured for one number of columns alone

/// Where encode_rows puts rows of so many columns and bits.
struct Encoding {
  std::vector<int64_t> ids, offsets;
  std::vector<uint8_t> widths;
  std::vector<std::byte> payload;
  std::vector<RowParams> params;

  Encoding(int64_t rows, int64_t cols, int bits)
      : widths(static_cast<size_t>(rows), static_cast<uint8_t>(bits)),
        payload(static_cast<size_t>(rows * payload_bytes(bits, cols))),
        params(static_cast<size_t>(rows)) {
    for (int64_t i = 0; i < rows; ++i) {
      ids.push_back(i);
      offsets.push_back(i * payload_bytes(bits, cols));
    }
  }
  void encode(const Csr& gather, const Matrix& x) {
    encode_rows(gather, x, ids.data(), {}, {widths.data(), offsets.data(), payload.data(), params.data(), {}});
  }
  std::vector<EncodedRow> rows() const {
    std::vector<EncodedRow> encoded;
    for (size_t i = 0; i < widths.size(); ++i) encoded.push_back({payload.data() + offsets[i], params[i], widths[i]});
    return encoded;
  }
};

/// What it takes to begin the sum that a row to send is, beside its entries.
double sum_row_seconds(const Rates& rates) {
  constexpr int64_t kRows = Rates::kCached / (4 * kCols);
  const Csr gather = by_chance(kRows, kRows, kFewDegree);
  const Matrix x = filled(kRows, kCols);
  Encoding rows(kRows, kCols, 32);
  const double all = usual([&] { rows.encode(gather, x); });
  return all / kRows - kFewDegree * rates.at("spmm", kCols, Rates::kCached);
}

/// Every `stride`-th of a table's rows, one an encoded row.
Csr every(int64_t stride, int64_t rows) {
  Csr gather;
  gather.cols = stride * rows;
  for (int64_t i = 0; i < rows; ++i) {
    gather.indices.push_back(static_cast<int32_t>(stride * i));
    gather.indptr.push_back(i + 1);
  }
  return gather;
}

/// Encoded rows by chance for every `stride`-th of a table's.
Csr by_chance_for_every(int64_t stride, int64_t rows) {
  Csr scatter = by_chance(rows, rows, 1);
  scatter.indptr.resize(1);
  for (int64_t i = 0; i < stride * rows; ++i) scatter.indptr.push_back(i / stride + 1);
  return scatter;
}

/// Seconds a value of sending every `stride`-th of the rows of a table of so many bytes, and of adding such rows to it.
struct CodecSeconds {
  double encode, decode;
};
CodecSeconds codec_seconds(int bits, int64_t cols, int64_t bytes, int64_t stride) {
  const int64_t rows = bytes / (4 * cols * stride);
  Matrix table = filled(stride * rows, cols);
  Encoding messages(rows, cols, bits);
  const auto values = static_cast<double>(rows * cols);
  const Csr gather = every(stride, rows), scatter = by_chance_for_every(stride, rows);
  const double encode = usual([&] { messages.encode(gather, table); }) / values;
  const std::vector<EncodedRow> encoded = messages.rows();
  return {encode, usual([&] { accumulate_rows(scatter, encoded.data(), table); }) / values};
}

}  // namespace

void measure_codec(Rates& rates) {
  RateTable encode{.x = {1, 2, 4, 8, 16, 32}, .y = {16, 64, 256}, .seconds = {}}, decode = encode;
  for (const double bits : encode.x) {
    for (const double cols : encode.y) {
      const auto [out, in] = codec_seconds(static_cast<int>(bits), static_cast<int64_t>(cols), Rates::kCached, 1);
      encode.seconds.push_back(out);
      decode.seconds.push_back(in);
    }
  }
  // Rows of many ranks leave gaps between those of one.
  RateTable far_encode{.x = {4, 32}, .y = {}, .seconds = {}};
  for (int64_t bytes = Rates::kCached; bytes <= Rates::kCached << 6; bytes *= 4) {
    far_encode.y.push_back(static_cast<double>(bytes));
  }
  RateTable far_decode = far_encode;
  for (const double bits : far_encode.x) {
    for (const double bytes : far_encode.y) {
      const auto [out, in] = codec_seconds(static_cast<int>(bits), kCols, static_cast<int64_t>(bytes), 2);
      far_encode.seconds.push_back(out);
      far_decode.seconds.push_back(in);
    }
  }
  rates.numbers["sum_row"] = std::max(sum_row_seconds(rates), 1e-12);
  rates.tables["encode"] = encode;
  rates.tables["decode"] = decode;
  rates.tables["encode_far"] = far_encode;
  rates.tables["decode_far"] = far_decode;
}

}  // namespace tersegraph
