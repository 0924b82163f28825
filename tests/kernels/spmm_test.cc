#include "kernels/spmm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/edge_blocks.h"
#include "kernels/targets.h"
#include "kernels/test_matrices.h"

namespace tersegraph {
namespace {

/// Widths of rows; a tile of the widest vectors is 256.
constexpr int64_t kShapes[] = {1,  2,  3,   5,   7,   8,   15,  16,  17,  31,  33, 40,
                               41, 64, 100, 255, 256, 257, 272, 273, 300, 528, 602};

/// |y - expected| <= 1e-5 * sum_j |a_ij x_jc|: what fp32 sums in any order keep.
void expect_close(const Matrix& y, const Matrix& expected, const Matrix& magnitude) {
  for (int64_t k = 0; k < y.size(); ++k) {
    ASSERT_LE(std::fabs(y.data()[k] - expected.data()[k]), 1e-5f * magnitude.data()[k] + 1e-30f) << "element " << k;
  }
}

void compare(const Csr& a, int64_t cols, Write write) {
  const Matrix x = random_matrix(a.cols, cols, 11);
  Matrix y = random_matrix(a.rows(), cols, 12), expected = copy_of(y), magnitude = absolute(y);
  Csr absolute_a = a;
  for (float& value : absolute_a.values) value = std::fabs(value);
  spmm_reference(a, x, expected, write);
  spmm_reference(absolute_a, absolute(x), magnitude, Write::accumulate);
  spmm(a, x, y, write);
  expect_close(y, expected, magnitude);
}

TEST(Spmm, EqualsTheReferenceAtEveryWidthOnEveryTarget) {
  const Csr weighted = random_csr(150, 90, 6, /*weighted=*/true, 1),
            ones = random_csr(70, 90, 9, /*weighted=*/false, 2);
  for_each_target([&] {
    for (int64_t cols : kShapes) {
      SCOPED_TRACE(cols);
      compare(weighted, cols, Write::overwrite);
      compare(weighted, cols, Write::accumulate);
      compare(ones, cols, Write::overwrite);
      compare(ones, cols, Write::accumulate);
    }
  });
}

TEST(Spmm, EmptyRowsAreZeroOrKept) {
  Csr a;
  a.cols = 4;
  a.indptr.assign(11, 0);
  const Matrix x = random_matrix(4, 19, 3);
  Matrix y = random_matrix(10, 19, 4);
  const Matrix before = copy_of(y);
  spmm(a, x, y, Write::accumulate);
  EXPECT_EQ(std::memcmp(y.data(), before.data(), y.bytes()), 0);
  spmm(a, x, y, Write::overwrite);
  for (int64_t k = 0; k < y.size(); ++k) EXPECT_EQ(y.data()[k], 0.0f);
}

TEST(Spmm, NothingToDo) {
  const Csr none;
  spmm(none, ConstMatrixView{nullptr, 0, 5}, MatrixView{nullptr, 0, 5});
  const Csr a = random_csr(3, 4, 2, true, 1);
  spmm(a, ConstMatrixView{nullptr, 4, 0}, MatrixView{nullptr, 3, 0});
}

TEST(Spmm, ThreadCountDoesNotChangeABit) {
  const Csr a = random_csr(3000, 2000, 8, true, 5);
  const int threads = thread_count();
  for (int64_t cols : {5, 40, 256, 700}) {  // the last is large enough to be streamed
    const Matrix x = random_matrix(a.cols, cols, 6);
    Matrix one(a.rows(), cols), many(a.rows(), cols);
    set_thread_count(1);
    spmm(a, x, one);
    for (int count : {2, 3}) {
      set_thread_count(count);
      spmm(a, x, many);
      EXPECT_EQ(std::memcmp(one.data(), many.data(), one.bytes()), 0) << cols << " columns, " << count << " threads";
    }
  }
  set_thread_count(threads);
}

TEST(Spmm, StreamedRowsEqualTheReference) {
  const Csr a = random_csr(9000, 500, 3, true, 7);
  const Matrix x = random_matrix(500, 256, 8);
  Matrix y(a.rows(), 256), expected(a.rows(), 256);
  ASSERT_GE(y.bytes(), size_t{8} << 20);
  spmm_reference(a, x, expected);
  for_each_target([&] {
    y.fill(-1.0f);
    spmm(a, x, y);
    for (int64_t k = 0; k < y.size(); ++k) ASSERT_NEAR(y.data()[k], expected.data()[k], 1e-4f);
  });
}

TEST(Spmm, SomeRowsAlone) {
  const Csr a = random_csr(50, 40, 5, true, 9);
  for (int64_t cols : {3, 33, 300}) {
    const Matrix x = random_matrix(40, cols, 10);
    Matrix all(50, cols), some(7, cols);
    for_each_target([&] {
      spmm(a, x, all);
      spmm_rows(a, x, 20, 27, some.data());
      EXPECT_EQ(std::memcmp(all.row(20), some.data(), some.bytes()), 0) << cols << " columns";
    });
  }
}

/// A list in any order, with repeats, empty rows and the last row of the matrix.
TEST(Spmm, ListedRowsAreThoseOfTheWholeProduct) {
  Csr a = random_csr(50, 40, 3, true, 9);
  const std::vector<int32_t> rows = {49, 3, 3, 0, 17, 48, 1, 2, 30, 29};
  ASSERT_TRUE(std::ranges::any_of(rows, [&](int32_t i) { return a.indptr[i] == a.indptr[i + 1]; }));
  for (int64_t cols : {1, 7, 40, 300}) {
    const Matrix x = random_matrix(40, cols, 10);
    const auto count = static_cast<int64_t>(rows.size());
    Matrix all(50, cols), listed(count, cols), added = random_matrix(count, cols, 11);
    const Matrix before = copy_of(added);
    for_each_target([&] {
      spmm(a, x, all);
      spmm_rows(a, x, rows, listed.data());
      for (int64_t k = 0; k < count; ++k) {
        EXPECT_EQ(std::memcmp(listed.row(k), all.row(rows[k]), cols * sizeof(float)), 0) << cols << " columns, " << k;
      }
    });
    spmm_rows(a, x, rows, added.data(), Write::accumulate);
    for (int64_t k = 0; k < count; ++k) {
      for (int64_t c = 0; c < cols; ++c) EXPECT_NEAR(added(k, c), before(k, c) + all(rows[k], c), 1e-4f);
    }
  }
  spmm_rows(a, random_matrix(40, 5, 1), std::span<const int32_t>(), nullptr);
}

/// x in bf16, and the same numbers in fp32.
struct Bf16Rows {
  std::vector<Bf16> bits;
  Matrix values;
  ConstBf16View view;

  Bf16Rows(int64_t rows, int64_t cols, uint64_t seed) : bits(rows * cols), values(random_matrix(rows, cols, seed)) {
    to_bf16(values, bits.data());
    for (int64_t k = 0; k < values.size(); ++k) values.data()[k] = from_bf16(bits[k]);
    view = {bits.data(), rows, cols};
  }
};

TEST(Spmm, RowsInBf16AreSummedInFp32AtEveryWidthOnEveryTarget) {
  const Csr a = random_csr(100, 60, 6, true, 13);
  for_each_target([&] {
    for (int64_t cols : kShapes) {
      SCOPED_TRACE(cols);
      const Bf16Rows x(a.cols, cols, 14);
      for (const Write write : {Write::overwrite, Write::accumulate}) {
        Matrix of_bf16 = random_matrix(a.rows(), cols, 15), of_floats = copy_of(of_bf16);
        spmm(a, x.view, of_bf16, write);
        spmm(a, x.values, of_floats, write);  // the other tests compare this one with the reference
        ASSERT_EQ(std::memcmp(of_bf16.data(), of_floats.data(), of_bf16.bytes()), 0);
      }
    }
  });
}

TEST(Spmm, SomeRowsOfBf16) {
  const Csr a = random_csr(50, 40, 5, true, 9);
  const Bf16Rows x(40, 33, 10);
  const std::vector<int32_t> rows = {40, 2, 21};
  Matrix all(50, 33), some(7, 33), listed(3, 33);
  spmm(a, x.view, all);
  spmm_rows(a, x.view, 20, 27, some.data());
  spmm_rows(a, x.view, rows, listed.data());
  EXPECT_EQ(std::memcmp(all.row(20), some.data(), some.bytes()), 0);
  for (int64_t k = 0; k < 3; ++k) EXPECT_EQ(std::memcmp(all.row(rows[k]), listed.row(k), 33 * sizeof(float)), 0);
}

/// Hubs, long runs of empty rows, and a matrix without entries.
TEST(EdgeBlocks, AreOfEqualWorkAndHoldEveryRowOnce) {
  Csr a;
  a.cols = 10;
  for (const int64_t degree : {3, 0, 20'000, 1, 5000, 0}) {
    for (int i = 0; i < 700; ++i) {
      a.indices.insert(a.indices.end(), i == 0 || degree < 100 ? degree : 0, i % 10);
      a.indptr.push_back(static_cast<int64_t>(a.indices.size()));
    }
  }
  Csr without_entries;
  without_entries.indptr.assign(5000, 0);
  for (const Csr* graph : {&a, &without_entries}) {
    const EdgeBlocks blocks(*graph);
    int64_t next = 0;
    for (int64_t b = 0; b < blocks.count(); ++b) {
      const auto [begin, end] = blocks.rows(b);
      ASSERT_EQ(begin, next);
      ASSERT_LE(begin, end);
      next = end;
      if (end - begin <= 1) continue;
      EXPECT_LE(graph->indptr[end - 1] - graph->indptr[begin], 2100) << "without its last row, a block is small";
      EXPECT_LE(end - begin, 600);
    }
    EXPECT_EQ(next, graph->rows());
  }
  EXPECT_EQ(EdgeBlocks(CsrView()).count(), 0);
}

}  // namespace
}  // namespace tersegraph
