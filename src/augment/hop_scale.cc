#include "augment/hop_scale.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "augment/feature_rows.h"
#include "base/error.h"
#include "base/parallel.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

__extension__ using Wide = __int128;

/// Rows that differ by less than this share of their size differ by the rounding of fp32.
constexpr double kRounding = 1e-6;

const float* values(const Features& x) {
  return x.is_sparse ? x.sparse.values.data() : x.dense.data();
}

/// NaN when a value is.
double largest(const Features& rows) {
  constexpr int64_t kBlock = 1 << 16;
  std::vector<double> of_thread(thread_count(), 0.0);
  const auto keep_larger = [](double& most, double size) {
    if (!(size <= most) && !std::isnan(most)) most = size;
  };
  parallel_blocks(stored(rows), kBlock, [&](int64_t begin, int64_t end) {
    double most = 0.0;
    for (int64_t k = begin; k < end; ++k) keep_larger(most, std::abs(static_cast<double>(values(rows)[k])));
    keep_larger(of_thread[omp_get_thread_num()], most);
  });
  double most = 0.0;
  for (const double size : of_thread) keep_larger(most, size);
  return most;
}

/// Sums of integers, which no order changes: of each column, and of all squares.
struct Sums {
  std::vector<int64_t> columns;
  Wide squares = 0;

  void add(int64_t column, double value) {
    const auto integer = static_cast<int64_t>(value);
    columns[column] += integer;
    squares += static_cast<Wide>(integer) * integer;
  }
};

/// Values times `unit` as integers.
Sums add_up(const Features& x, double unit) {
  constexpr int64_t kRowBlock = 256;
  std::vector<Sums> of_thread(thread_count(), {std::vector<int64_t>(static_cast<size_t>(x.cols()), 0), 0});
  parallel_blocks(x.rows(), kRowBlock, [&](int64_t begin, int64_t end) {
    Sums& sums = of_thread[omp_get_thread_num()];
    const CsrView sparse = x.sparse;
    for (int64_t i = begin; i < end; ++i) {
      if (x.is_sparse) {
        for (int64_t e = sparse.begin(i); e < sparse.end(i); ++e) sums.add(sparse.indices[e], sparse.value(e) * unit);
      } else {
        for (int64_t j = 0; j < x.cols(); ++j) sums.add(j, x.dense(i, j) * unit);
      }
    }
  });
  Sums& total = of_thread[0];
  for (size_t t = 1; t < of_thread.size(); ++t) {
    for (size_t j = 0; j < total.columns.size(); ++j) total.columns[j] += of_thread[t].columns[j];
    total.squares += of_thread[t].squares;
  }
  return std::move(total);
}

/// The sums over all ranks. The wide one travels in pieces of 40 bits, whose sums have room.
void all_reduce(Channel& channel, Sums& sums) {
  constexpr int kPieceBits = 40, kPieces = 4;
  const size_t cols = sums.columns.size();
  for (int k = 0; k < kPieces; ++k) {
    sums.columns.push_back(static_cast<int64_t>(sums.squares >> (k * kPieceBits)) & ((int64_t{1} << kPieceBits) - 1));
  }
  all_reduce_sum(channel, Traffic::placement, std::span(sums.columns));
  sums.squares = 0;
  for (int k = kPieces; k-- > 0;) sums.squares = (sums.squares << kPieceBits) + sums.columns[cols + k];
  sums.columns.resize(cols);
}

}  // namespace

double spread(const Features& rows, Channel& channel) {
  int64_t count = rows.rows();
  all_reduce_sum(channel, Traffic::placement, std::span(&count, 1));
  const double most = all_reduce_max(channel, Traffic::placement, largest(rows));
  agree(channel, [&] {
    if (!std::isfinite(most)) {
      fail_input("the features grow out of fp32 over the hops; use fewer hops or a normalised operator");
    }
  });
  if (most == 0.0) return 0.0;

  // 40 bits for the largest value, fewer where so many rows would not fit into 62.
  const int bits = std::min(40, 62 - static_cast<int>(std::bit_width(static_cast<uint64_t>(count))));
  const double unit = std::ldexp(1.0, bits - 1 - std::ilogb(most));
  Sums sums = add_up(rows, unit);
  all_reduce(channel, sums);
  const auto squares = static_cast<double>(sums.squares);
  double around_mean = squares;
  for (const int64_t sum : sums.columns) {
    around_mean -= static_cast<double>(sum) * static_cast<double>(sum) / static_cast<double>(count);
  }
  if (around_mean <= kRounding * kRounding * squares) return 0.0;
  return std::sqrt(around_mean / static_cast<double>(count)) / unit;
}

void scale(Features& rows, float factor) {
  float* const data = rows.is_sparse ? rows.sparse.values.data() : rows.dense.data();
  constexpr int64_t kBlock = 1 << 16;
  parallel_blocks(stored(rows), kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) data[k] *= factor;
  });
}

}  // namespace tersegraph
