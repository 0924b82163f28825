#include "kernels/row_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "base/parallel.h"
#include "kernels/spmm.h"
#include "kernels/targets.h"
#include "kernels/test_matrices.h"

namespace tersegraph {
namespace {

constexpr int kWidths[] = {1, 2, 3, 4, 5, 6, 7, 8, 16, 32};
constexpr int64_t kCols[] = {1,  2,  3,  5,  7,   8,   10,  15,  16,  17,  31,  32,
                             33, 40, 47, 64, 100, 127, 128, 129, 255, 256, 300, 602};

const StreamKey kKey(5, Purpose::rounding, Direction::forward(), 3, 1);

/// Row i of `rows` holds x_i alone.
Csr selection(int64_t rows) {
  Csr a;
  a.cols = rows;
  a.indptr.resize(static_cast<size_t>(rows) + 1);
  std::iota(a.indptr.begin(), a.indptr.end(), 0);
  a.indices.resize(static_cast<size_t>(rows));
  std::iota(a.indices.begin(), a.indices.end(), 0);
  return a;
}

std::vector<int64_t> ids(int64_t rows, int64_t first = 1000) {
  std::vector<int64_t> result(static_cast<size_t>(rows));
  std::iota(result.begin(), result.end(), first);
  return result;
}

/// The encoded rows of a message with `gap` untouched bytes of 0xA5 before, between and after them.
struct Message {
  std::vector<uint8_t> bits;
  std::vector<int64_t> offsets;
  std::vector<std::byte> payload;
  std::vector<RowParams> params;
  int64_t cols;

  Message(int64_t cols, std::vector<uint8_t> widths, int64_t gap) : bits(std::move(widths)), cols(cols) {
    int64_t end = gap;
    for (uint8_t b : bits) {
      offsets.push_back(end);
      end += payload_bytes(b, cols) + gap;
    }
    payload.assign(static_cast<size_t>(end), std::byte{0xA5});
    params.assign(bits.size(), {-7.0f, -7.0f});
  }

  EncodedRowsOut out(RowTrace trace = {}) {
    return {bits.data(), offsets.data(), payload.data(), params.data(), trace};
  }
  EncodedRow row(size_t k) const { return {payload.data() + offsets[k], params[k], bits[k]}; }
  std::vector<EncodedRow> rows() const {
    std::vector<EncodedRow> all;
    for (size_t k = 0; k < bits.size(); ++k) all.push_back(row(k));
    return all;
  }
  bool operator==(const Message& other) const {
    return payload == other.payload &&
           std::memcmp(params.data(), other.params.data(), params.size() * sizeof(RowParams)) == 0;
  }
};

std::vector<uint8_t> all_widths(int64_t rows) {
  std::vector<uint8_t> widths;
  for (int64_t k = 0; k < rows; ++k) widths.push_back(static_cast<uint8_t>(kWidths[k % std::size(kWidths)]));
  return widths;
}

Message encode_all_by_reference(const Matrix& rows, const std::vector<int64_t>& row_ids,
                                const std::vector<uint8_t>& widths, int64_t gap) {
  Message m(rows.cols(), widths, gap);
  for (int64_t k = 0; k < rows.rows(); ++k) {
    encode_row_reference(rows.row(k), rows.cols(), widths[k], kKey.row(row_ids[k]), m.payload.data() + m.offsets[k],
                         &m.params[k]);
  }
  return m;
}

/// Rows of many kinds: smooth, post-ReLU, huge, tiny, constant, zero, far from zero.
Matrix rows_of_all_kinds(int64_t rows, int64_t cols) {
  Matrix x = random_matrix(rows, cols, 21);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t c = 0; c < cols; ++c) {
      float& v = x(i, c);
      switch (i / 10 % 8) {
        case 0:
          break;
        case 1:
          v = std::max(v, 0.0f);
          break;
        case 2:
          v *= 1e30f;
          break;
        case 3:
          v *= 1e-25f;
          break;
        case 4:
          v = 3.14159f;
          break;
        case 5:
          v = c % 2 == 0 ? 0.0f : -0.0f;
          break;
        case 6:
          v = 1000.0f + 1e-3f * v;
          break;
        case 7:
          v *= 1e-37f;
          break;
      }
    }
  }
  return x;
}

TEST(RowCodec, PayloadBytes) {
  EXPECT_EQ(payload_bytes(2, 10), 3);
  EXPECT_EQ(payload_bytes(32, 7), 28);
  EXPECT_EQ(payload_bytes(16, 7), 14);
  for (int bits = 1; bits <= 8; ++bits) {
    for (int64_t cols : kCols) {
      const int64_t dense = (cols * bits + 7) / 8;
      EXPECT_GE(payload_bytes(bits, cols), dense);
      EXPECT_LE(payload_bytes(bits, cols), dense + (cols % 8 == 0 ? 0 : 2));
    }
  }
}

TEST(RowCodec, EqualsTheReferenceBitForBitOnEveryTarget) {
  constexpr int64_t kRows = 160, kGap = 5;
  const Csr gather = selection(kRows);
  const auto row_ids = ids(kRows);
  for (int64_t cols : kCols) {
    SCOPED_TRACE(cols);
    const Matrix x = rows_of_all_kinds(kRows, cols);
    const Message expected = encode_all_by_reference(x, row_ids, all_widths(kRows), kGap);
    for_each_target([&] {
      Message m(cols, all_widths(kRows), kGap);
      encode_rows(gather, x, row_ids.data(), kKey, m.out());
      ASSERT_TRUE(m == expected);
      std::vector<float> row(cols), expected_row(cols);
      for (int64_t k = 0; k < kRows; ++k) {
        decode_row(m.row(k), cols, row.data());
        decode_row_reference(m.row(k), cols, expected_row.data());
        ASSERT_EQ(std::memcmp(row.data(), expected_row.data(), row.size() * 4), 0) << "row " << k;
      }
    });
  }
}

TEST(RowCodec, FindsTheReferencesParametersInEveryBinade) {
  constexpr int64_t kRows = 500;
  const auto row_ids = ids(kRows);
  const std::vector<uint8_t> widths = all_widths(kRows);
  for (const int64_t cols : {2, 19, 64, 70}) {
    Matrix x = random_matrix(kRows, cols, 23);
    for (int64_t i = 0; i < kRows; ++i) {
      // Ranges up to the largest that is finite, of which steps may not be; rows below, above and around zero.
      const float scale = std::ldexp(1.0f, static_cast<int>(i / 2 - 126)), middle = static_cast<float>(i % 3 - 1);
      for (int64_t c = 0; c < cols; ++c) x(i, c) = scale * (middle + std::clamp(x(i, c), -0.999f, 0.999f));
    }
    const Message expected = encode_all_by_reference(x, row_ids, widths, 0);
    for_each_target([&] {
      Message m(cols, widths, 0);
      encode_rows(selection(kRows), x, row_ids.data(), kKey, m.out());
      ASSERT_TRUE(m == expected) << cols << " columns";
    });
  }
}

TEST(RowCodec, EncodesPartialSums) {
  constexpr int64_t kCount = 60, kGap = 3;
  const auto row_ids = ids(kCount);
  for (bool weighted : {true, false}) {
    const Csr gather = random_csr(kCount, 40, 2, weighted, 4);
    for (int64_t cols : {7, 40, 256}) {
      const Matrix x = random_matrix(40, cols, 5);
      Matrix sums(kCount, cols);
      for_each_target([&] {
        spmm(gather, x, sums);
        Message m(cols, all_widths(kCount), kGap);
        encode_rows(gather, x, row_ids.data(), kKey, m.out());
        ASSERT_TRUE(m == encode_all_by_reference(sums, row_ids, all_widths(kCount), kGap));
      });
    }
  }
}

TEST(RowCodec, AccumulatesDecodedRows) {
  constexpr int64_t kMessages = 50, kOut = 30;
  for (bool weighted : {true, false}) {
    const Csr scatter = random_csr(kOut, kMessages, 3, weighted, 6);
    for (int64_t cols : kCols) {
      const Matrix x = random_matrix(kMessages, cols, 7), start = random_matrix(kOut, cols, 8);
      const Message m = encode_all_by_reference(x, ids(kMessages), all_widths(kMessages), 1);
      Matrix decoded(kMessages, cols), expected = copy_of(start), magnitude = absolute(start);
      for (int64_t k = 0; k < kMessages; ++k) decode_row_reference(m.row(k), cols, decoded.row(k));
      spmm_reference(scatter, decoded, expected, Write::accumulate);
      Csr absolute_scatter = scatter;
      for (float& value : absolute_scatter.values) value = std::fabs(value);
      spmm_reference(absolute_scatter, absolute(decoded), magnitude, Write::accumulate);
      for_each_target([&] {
        Matrix y = copy_of(start);
        accumulate_rows(scatter, m.rows().data(), y);
        for (int64_t k = 0; k < y.size(); ++k) {
          ASSERT_NEAR(y.data()[k], expected.data()[k], 1e-6f * magnitude.data()[k])
              << cols << " columns, element " << k;
        }
      });
    }
  }
}

/// range^2 times the sum of f (1 - f), in double precision.
double variance_weight(const float* x, int64_t cols, int bits) {
  std::vector<std::byte> payload(static_cast<size_t>(payload_bytes(bits, cols)));
  RowParams params;
  encode_row_reference(x, cols, bits, 1, payload.data(), &params);
  if (params.scale == 0.0f || std::isnan(params.min)) return 0;
  double sum = 0;
  for (int64_t c = 0; c < cols; ++c) {
    const double steps = (static_cast<double>(x[c]) - params.min) / params.scale, f = steps - std::floor(steps);
    sum += f * (1 - f);
  }
  const double range = static_cast<double>(params.scale) * ((1 << bits) - 1);
  return std::min(range * range, 1e30) * sum;
}

TEST(RowCodec, TracesTheVarianceOfEveryRow) {
  constexpr int64_t kRows = 160;
  const Csr gather = selection(kRows);
  const auto row_ids = ids(kRows);
  std::vector<uint8_t> widths = all_widths(kRows);
  for (size_t k = 0; k < widths.size(); k += 7) widths[k] = 0;
  for (const int64_t cols : {1, 7, 40, 129, 256}) {
    const Matrix x = rows_of_all_kinds(kRows, cols);
    std::vector<float> expected_variances;
    for_each_target([&] {
      Message m(cols, widths, 3), untraced(cols, widths, 3);
      std::vector<float> variances(kRows, 1.0f), norms(kRows, 2.0f);
      encode_rows(gather, x, row_ids.data(), kKey, m.out({variances.data(), norms.data()}));
      encode_rows(gather, x, row_ids.data(), kKey, untraced.out());
      ASSERT_TRUE(m == untraced) << "tracing changes nothing";
      for (int64_t k = 0; k < kRows; ++k) {
        double square = 0;
        for (int64_t c = 0; c < cols; ++c) square += static_cast<double>(x(k, c)) * x(k, c);
        const double variance = widths[k] > 8 ? 0 : variance_weight(x.row(k), cols, widths[k] == 0 ? 8 : widths[k]);
        ASSERT_NEAR(variances[k], 1 + variance, 1e-6 + 0.01 * variance) << "row " << k;
        ASSERT_NEAR(norms[k], 2 + (widths[k] > 8 ? 0 : std::min(square, 1e30)), 1e-5 * (2 + square)) << "row " << k;
      }
      if (expected_variances.empty()) expected_variances = variances;
      ASSERT_EQ(variances, expected_variances) << "the same on every target";
    });
  }
}

TEST(RowCodec, ARowOfNoBitsIsZeroAndTakesNoBytes) {
  constexpr int64_t kRows = 3, kColumns = 20;
  const Matrix x = random_matrix(kRows, kColumns, 4);
  Message m(kColumns, {8, 0, 8}, 0);
  EXPECT_EQ(m.offsets[1], m.offsets[2]);
  encode_rows(selection(kRows), x, ids(kRows).data(), kKey, m.out());
  std::vector<float> row(kColumns, 5.0f);
  decode_row(m.row(1), kColumns, row.data());
  EXPECT_EQ(row, std::vector<float>(kColumns));
  decode_row_reference(m.row(1), kColumns, row.data());
  EXPECT_EQ(row, std::vector<float>(kColumns));
  Matrix y = random_matrix(kRows, kColumns, 5);
  const Matrix before = copy_of(y);
  accumulate_rows(selection(kRows), m.rows().data(), y);
  EXPECT_EQ(std::memcmp(y.row(1), before.row(1), kColumns * 4), 0);
  EXPECT_NE(std::memcmp(y.row(2), before.row(2), kColumns * 4), 0);
}

TEST(RowCodec, ThreadCountDoesNotChangeAByte) {
  constexpr int64_t kRows = 1000, kColumns = 75;
  const int threads = thread_count();
  const Csr gather = random_csr(kRows, 300, 1, true, 4), scatter = random_csr(500, kRows, 4, true, 5);
  const Matrix x = random_matrix(300, kColumns, 9);
  const auto row_ids = ids(kRows);
  set_thread_count(1);
  Message one(kColumns, all_widths(kRows), 0);
  encode_rows(gather, x, row_ids.data(), kKey, one.out());
  Matrix y_one = random_matrix(500, kColumns, 10);
  accumulate_rows(scatter, one.rows().data(), y_one);
  for (int count : {2, 3}) {
    set_thread_count(count);
    Message many(kColumns, all_widths(kRows), 0);
    encode_rows(gather, x, row_ids.data(), kKey, many.out());
    EXPECT_TRUE(one == many);
    Matrix y_many = random_matrix(500, kColumns, 10);
    accumulate_rows(scatter, many.rows().data(), y_many);
    EXPECT_EQ(std::memcmp(y_one.data(), y_many.data(), y_one.bytes()), 0);
  }
  set_thread_count(threads);
}

/// Sums over draws of one row, each with another row key.
struct Draws {
  std::vector<double> mean, squared_error;
  RowParams params;
};

Draws draw(const Matrix& row, int bits, int count) {
  const int64_t cols = row.cols();
  Matrix x(count, cols);
  for (int k = 0; k < count; ++k) std::memcpy(x.row(k), row.data(), row.bytes());
  Message m(cols, std::vector<uint8_t>(count, static_cast<uint8_t>(bits)), 0);
  encode_rows(selection(count), x, ids(count).data(), kKey, m.out());
  Draws draws{std::vector<double>(cols), std::vector<double>(cols), m.params[0]};
  std::vector<float> decoded(cols);
  for (int k = 0; k < count; ++k) {
    decode_row(m.row(k), cols, decoded.data());
    for (int64_t c = 0; c < cols; ++c) {
      const double error = static_cast<double>(decoded[c]) - row(0, c);
      draws.mean[c] += decoded[c] / static_cast<double>(count);
      draws.squared_error[c] += error * error / count;
    }
  }
  return draws;
}

TEST(RowCodec, IsUnbiased) {
  constexpr int kDraws = 10'000;
  const Matrix row = random_matrix(1, 40, 31);
  for (int bits : {1, 2, 3, 4, 5, 6, 7, 8, 16}) {
    const Draws draws = draw(row, bits, kDraws);
    for (int64_t c = 0; c < row.cols(); ++c) {
      const double bf16_step = std::ldexp(1.0, std::ilogb(row(0, c)) - 7);
      const double step = bits == 16 ? bf16_step : draws.params.scale;
      // The finest step of the random numbers is 2^-16 of a step of the code.
      const double tolerance = 4 * std::sqrt(draws.squared_error[c] / kDraws) + step / 65536;
      EXPECT_NEAR(draws.mean[c], row(0, c), tolerance) << bits << " bits, column " << c;
    }
  }
}

TEST(RowCodec, SquaredErrorIsThatOfStochasticRounding) {
  const Matrix row = random_matrix(1, 256, 32);
  for (int bits = 1; bits <= 8; ++bits) {
    const Draws draws = draw(row, bits, 400);
    const double step = draws.params.scale;
    double expected = 0.0;
    for (int64_t c = 0; c < row.cols(); ++c) {
      const double q = (static_cast<double>(row(0, c)) - draws.params.min) / step, f = q - std::floor(q);
      expected += step * step * f * (1 - f);
    }
    const double measured = std::accumulate(draws.squared_error.begin(), draws.squared_error.end(), 0.0);
    EXPECT_NEAR(measured / expected, 1.0, 0.05) << bits << " bits";
    const auto [lowest, highest] = std::minmax_element(row.data(), row.data() + row.size());
    const double narrowest = (static_cast<double>(*highest) - *lowest) / ((1 << bits) - 1);
    EXPECT_LE(step, narrowest * (1 + 1.0 / 64) * (1 + 1.0 / 128)) << "rounding the parameters widens the step too much";
  }
}

bool is_bf16(float x) {
  return (std::bit_cast<uint32_t>(x) & 0xFFFF) == 0;
}

TEST(RowCodec, StaysInsideTheRange) {
  const Matrix x = rows_of_all_kinds(800, 33);
  for (int bits = 1; bits <= 8; ++bits) {
    Message m(33, std::vector<uint8_t>(800, static_cast<uint8_t>(bits)), 0);
    encode_rows(selection(800), x, ids(800).data(), kKey, m.out());
    for (int64_t k = 0; k < 800; ++k) {
      const auto [lowest, highest] = std::minmax_element(x.row(k), x.row(k) + 33);
      const RowParams p = m.params[k];
      const float range = *highest - *lowest, reach = p.min + p.scale * static_cast<float>((1 << bits) - 1);
      EXPECT_TRUE(is_bf16(p.scale));
      EXPECT_LE(p.min, *lowest);
      EXPECT_GE(p.min, *lowest - range / 64);
      std::vector<float> row(33);
      decode_row(m.row(k), 33, row.data());
      for (int64_t c = 0; c < 33; ++c) {
        EXPECT_GE(row[c], p.min);
        EXPECT_LE(row[c], reach);
        EXPECT_LE(std::fabs(row[c] - x(k, c)), p.scale * 1.001f + 1e-30f + 1e-6f * std::fabs(x(k, c)));
      }
      if (p.scale > 0.0f) {
        EXPECT_GE(reach, *highest);
      }
    }
  }
}

/// Encodes one row and decodes it.
std::vector<float> round_trip(const std::vector<float>& row, int bits, RowParams* params = nullptr) {
  Matrix x(1, static_cast<int64_t>(row.size()));
  std::memcpy(x.data(), row.data(), row.size() * 4);
  Message m(x.cols(), {static_cast<uint8_t>(bits)}, 0);
  encode_rows(selection(1), x, ids(1).data(), kKey, m.out());
  std::vector<float> result(row.size());
  decode_row(m.row(0), x.cols(), result.data());
  if (params != nullptr) *params = m.params[0];
  return result;
}

TEST(RowCodec, ConstantRowsAreExact) {
  for (float value : {0.0f, 1.0f, -3.14159f, 1e-40f, -1e38f, 12345.678f}) {
    for (int bits = 1; bits <= 8; ++bits) {
      RowParams params;
      const std::vector<float> row(19, value);
      EXPECT_EQ(round_trip(row, bits, &params), row);
      EXPECT_EQ(params.scale, 0.0f);
    }
  }
}

TEST(RowCodec, TwoLevelsThatBf16HoldsAreExact) {
  std::vector<float> row(50, 0.0f);
  for (size_t c = 0; c < row.size(); c += 3) row[c] = 1.0f;
  EXPECT_EQ(round_trip(row, 1), row);
  EXPECT_EQ(round_trip(row, 32), row);
  EXPECT_EQ(round_trip(row, 16), row);
}

TEST(RowCodec, AHugeMinimumWithASmallRangeKeepsItsDigits) {
  std::vector<float> row;
  for (int c = 0; c < 64; ++c) row.push_back(1000.0f + 0.001f * static_cast<float>(c));
  for (int bits = 1; bits <= 8; ++bits) {
    RowParams params;
    const std::vector<float> decoded = round_trip(row, bits, &params);
    EXPECT_EQ(params.min, 1000.0f);
    const float step = 0.063f / static_cast<float>((1 << bits) - 1) * 1.02f + 2e-4f;
    for (size_t c = 0; c < row.size(); ++c) EXPECT_NEAR(decoded[c], row[c], step);
  }
}

TEST(RowCodec, DivergenceIsSeen) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (float bad : {nan, -nan, infinity, -infinity}) {
    for (size_t at : {size_t{0}, size_t{7}, size_t{20}, size_t{36}}) {
      std::vector<float> row(37);
      std::iota(row.begin(), row.end(), -5.0f);
      row[at] = bad;
      for_each_target([&] {
        for (int bits = 1; bits <= 8; ++bits) {
          for (float value : round_trip(row, bits)) EXPECT_TRUE(std::isnan(value));
        }
        const float kept = round_trip(row, 16)[at];
        EXPECT_TRUE(std::isnan(bad) ? std::isnan(kept) : kept == bad);
      });
    }
  }
  const float largest = std::numeric_limits<float>::max();
  for (float value : round_trip({-largest, 0.0f, largest}, 4)) EXPECT_TRUE(std::isnan(value));
}

TEST(RowCodec, NoRowsAndNoColumns) {
  Message m(0, {2, 16, 32}, 2);
  encode_rows(selection(3), Matrix(3, 0), ids(3).data(), kKey, m.out());
  for (std::byte b : m.payload) EXPECT_EQ(b, std::byte{0xA5});
  encode_rows(Csr(), Matrix(0, 5), nullptr, kKey, {});
  accumulate_rows(Csr(), nullptr, Matrix(0, 5));
}

}  // namespace
}  // namespace tersegraph
