#include "augment/sparse_product.h"

#include <gtest/gtest.h>

#include "augment/augmented.h"
#include "base/parallel.h"

namespace tersegraph {
namespace {

using reference::dense_of;

/// 9000 columns: more than one group of words.
TEST(SparseProduct, IsTheDenseProductWithAscendingColumns) {
  const Csr a = testing::features_of(testing::random_features(130, 70, 0.2, 1), true).sparse;
  for (const int64_t cols : {1, 64, 65, 9000}) {
    const Csr x = testing::features_of(testing::random_features(70, cols, 0.02, 2), true).sparse;
    const reference::Dense expected = multiply(dense_of(a.view()), dense_of(x.view()));
    for (const int threads : {1, 2}) {
      set_thread_count(threads);
      Csr y;
      y.cols = cols;
      y.indptr = product_indptr(a, x);
      sparse_product(a, x, y);
      ASSERT_EQ(y.rows(), 130);
      EXPECT_LT(relative_error(dense_of(y.view()), expected), 1e-6);
      for (int64_t i = 0; i < y.rows(); ++i) {
        for (int64_t e = y.indptr[i] + 1; e < y.indptr[i + 1]; ++e) ASSERT_LT(y.indices[e - 1], y.indices[e]);
      }
      Matrix dense(131, cols);
      dense.fill(5.0f);
      sparse_product(a, x, dense);
      EXPECT_EQ(std::count(dense.row(130), dense.row(131), 5.0f), cols);
      const Matrix same = testing::dense_rows({.dense = {}, .sparse = y, .is_sparse = true});
      for (int64_t k = 0; k < same.size(); ++k) ASSERT_EQ(dense.data()[k], same.data()[k]);
    }
  }
}

}  // namespace
}  // namespace tersegraph
