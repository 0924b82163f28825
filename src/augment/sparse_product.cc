#include "augment/sparse_product.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <vector>

#include "base/parallel.h"

namespace tersegraph {
namespace {

constexpr int64_t kRowBlock = 32;

/// Columns of one row: a bit each, and a bit for every word of those that is not 0, so that the columns come out
/// ascending without a sort, in time for what is there.
class ColumnSet {
 public:
  explicit ColumnSet(int64_t cols)
      : words_(static_cast<size_t>(cols / 64 + 1), 0), groups_(static_cast<size_t>(cols / 4096 + 1), 0) {}

  void insert(int32_t column) {
    words_[column >> 6] |= uint64_t{1} << (column & 63);
    groups_[column >> 12] |= uint64_t{1} << ((column >> 6) & 63);
  }

  /// Calls visit(first column, bits) for every word that is not 0, and empties the set.
  template <class Visit>
  void drain(Visit&& visit) {
    for (size_t g = 0; g < groups_.size(); ++g) {
      for (; groups_[g] != 0; groups_[g] &= groups_[g] - 1) {
        const size_t word = g * 64 + static_cast<size_t>(std::countr_zero(groups_[g]));
        visit(static_cast<int32_t>(word * 64), words_[word]);
        words_[word] = 0;
      }
    }
  }

 private:
  std::vector<uint64_t> words_, groups_;
};

}  // namespace

std::vector<int64_t> product_indptr(CsrView a, CsrView x) {
  std::vector<int64_t> indptr(static_cast<size_t>(a.rows) + 1, 0);
  std::vector<ColumnSet> sets(thread_count(), ColumnSet(x.cols));
  parallel_blocks(a.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    ColumnSet& columns = sets[omp_get_thread_num()];
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t e = a.begin(i); e < a.end(i); ++e) {
        const int64_t row = a.indices[e];
        for (int64_t t = x.begin(row); t < x.end(row); ++t) columns.insert(x.indices[t]);
      }
      columns.drain([&](int32_t, uint64_t bits) { indptr[i + 1] += std::popcount(bits); });
    }
  });
  std::partial_sum(indptr.begin(), indptr.end(), indptr.begin());
  return indptr;
}

void sparse_product(CsrView a, CsrView x, Csr& y) {
  struct Row {
    ColumnSet columns;
    std::vector<float> sum;
  };
  std::vector<Row> rows(thread_count(), {ColumnSet(x.cols), std::vector<float>(static_cast<size_t>(x.cols), 0.0f)});
  y.indices.resize(y.nnz());
  y.values.resize(y.nnz());
  parallel_blocks(a.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    ColumnSet& columns = rows[omp_get_thread_num()].columns;
    std::vector<float>& sum = rows[omp_get_thread_num()].sum;
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t e = a.begin(i); e < a.end(i); ++e) {
        const int64_t row = a.indices[e];
        const float weight = a.value(e);
        for (int64_t t = x.begin(row); t < x.end(row); ++t) {
          columns.insert(x.indices[t]);
          sum[x.indices[t]] += weight * x.value(t);
        }
      }
      int64_t slot = y.indptr[i];
      columns.drain([&](int32_t first, uint64_t bits) {
        for (; bits != 0; bits &= bits - 1, ++slot) {
          const int32_t column = first + std::countr_zero(bits);
          y.indices[slot] = column;
          y.values[slot] = sum[column];
          sum[column] = 0.0f;
        }
      });
    }
  });
}

void sparse_product(CsrView a, CsrView x, MatrixView y) {
  parallel_blocks(a.rows, kRowBlock, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* sum = y.row(i);
      std::fill_n(sum, y.cols, 0.0f);
      for (int64_t e = a.begin(i); e < a.end(i); ++e) {
        const int64_t row = a.indices[e];
        const float weight = a.value(e);
        for (int64_t t = x.begin(row); t < x.end(row); ++t) sum[x.indices[t]] += weight * x.value(t);
      }
    }
  });
}

}  // namespace tersegraph
