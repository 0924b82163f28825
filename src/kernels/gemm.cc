#include "kernels/gemm.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/sgemm.h"

namespace tersegraph {
namespace {

int64_t round_up(int64_t n, int64_t unit) {
  return (n + unit - 1) / unit * unit;
}

/// Enough blocks for many threads when rows are few; at most 512 rows, from where on oneDNN is at its full speed.
int64_t block_rows(int64_t n) {
  return std::clamp<int64_t>(round_up(n / 16, 64), 64, 512);
}

/// Rows of one partial sum of a^T b: at most 32 of them, and none so short that adding it costs more than making it.
int64_t range_rows(int64_t n) {
  return std::max<int64_t>(round_up((n + 31) / 32, 64), 256);
}

/// Rows stand one after the other.
void run(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, const float* a, const float* b, float* c,
         float beta) {
  const int64_t a_stride = transpose_a == 'N' ? k : m, b_stride = transpose_b == 'N' ? n : k;
  Sgemm{transpose_a, transpose_b, m, n, k, 1.0f, a, a_stride, b, b_stride, beta, c, n}.run();
}

/// True when there is nothing to multiply: c is complete then.
bool trivial(int64_t inner, MatrixView c, Write write) {
  if (c.size() == 0) return true;
  if (inner > 0) return false;
  if (write == Write::overwrite) std::fill_n(c.data, c.size(), 0.0f);
  return true;
}

float beta(Write write) {
  return write == Write::accumulate ? 1.0f : 0.0f;
}

/// c = (or +=) the sum over rows of `partial`, in order.
void add_partial_sums(ConstMatrixView partial, MatrixView c, Write write) {
  constexpr int64_t kBlockElements = 4096;
  parallel_blocks(c.size(), kBlockElements, [&](int64_t begin, int64_t end) {
    if (write == Write::overwrite) std::fill(c.data + begin, c.data + end, 0.0f);
    for (int64_t r = 0; r < partial.rows; ++r) {
      const float* sum = partial.row(r);
      for (int64_t k = begin; k < end; ++k) c.data[k] += sum[k];
    }
  });
}

}  // namespace

void gemm_block(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write) {
  if (!trivial(a.cols, c, write)) run('N', 'N', a.rows, c.cols, a.cols, a.data, b.data, c.data, beta(write));
}

void gemm_block_transposed_b(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write) {
  if (!trivial(a.cols, c, write)) run('N', 'T', a.rows, c.cols, a.cols, a.data, b.data, c.data, beta(write));
}

void gemm_block_transposed_a(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write) {
  if (!trivial(a.rows, c, write)) run('T', 'N', a.cols, b.cols, a.rows, a.data, b.data, c.data, beta(write));
}

void gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write) {
  parallel_blocks(a.rows, block_rows(a.rows), [&](int64_t begin, int64_t end) {
    gemm_block(rows_of(a, begin, end), b, rows_of(c, begin, end), write);
  });
}

void gemm_transposed_b(ConstMatrixView a, ConstMatrixView b, MatrixView c, Write write) {
  parallel_blocks(a.rows, block_rows(a.rows), [&](int64_t begin, int64_t end) {
    gemm_block_transposed_b(rows_of(a, begin, end), b, rows_of(c, begin, end), write);
  });
}

void gemm_transposed_a(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmWorkspace& workspace, Write write) {
  if (trivial(a.rows, c, write)) return;
  const int64_t rows = range_rows(a.rows), ranges = (a.rows + rows - 1) / rows;
  if (ranges == 1) return gemm_block_transposed_a(a, b, c, write);
  workspace.partial.reshape(ranges, c.size());
  parallel_blocks(a.rows, rows, [&](int64_t begin, int64_t end) {
    const MatrixView partial{workspace.partial.row(begin / rows), c.rows, c.cols};
    gemm_block_transposed_a(rows_of(a, begin, end), rows_of(b, begin, end), partial);
  });
  add_partial_sums(workspace.partial, c, write);
}

void gemm_reference(ConstMatrixView a, ConstMatrixView b, MatrixView c) {
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.cols; ++j) {
      double sum = 0.0;
      for (int64_t l = 0; l < a.cols; ++l) sum += static_cast<double>(a(i, l)) * b(l, j);
      c(i, j) = static_cast<float>(sum);
    }
  }
}

}  // namespace tersegraph
