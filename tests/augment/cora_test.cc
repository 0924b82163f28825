#include <gtest/gtest.h>

#include <filesystem>

#include "augment/augmented.h"
#include "graph/partition.h"

namespace tersegraph {
namespace {

TEST(Cora, TheSameBitsOnAnyRanks) {
  const std::string path = std::string(TERSEGRAPH_SHARED_DIR) + "/data/npz/cora.npz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not here";
  Dataset data = load_dataset(path);
  const testing::AugmentCase test{aggregation_operator(data.graph, Normalisation::symmetric), std::move(data.features),
                                  data.splits.at(0).train};
  const Matrix w = reference::random_matrix(test.cols(), 7, 1);
  const testing::Augmented one = test.run(make_partition(data.graph, 1, PartitionMethod::block, 1), w);
  EXPECT_TRUE(one.is_sparse);
  EXPECT_EQ(one.training.rows(), 140);
  EXPECT_EQ(one.training.cols(), 4 * 1433);
  // Every hop's training rows are equally far from their mean, and all together as far as 1.
  for (int64_t k = 0; k < 4; ++k) {
    double total = 0.0;
    for (int64_t j = k * 1433; j < (k + 1) * 1433; ++j) {
      double sum = 0.0, squares = 0.0;
      for (int64_t i = 0; i < 140; ++i) {
        sum += one.training(i, j);
        squares += static_cast<double>(one.training(i, j)) * one.training(i, j);
      }
      total += (squares - sum * sum / 140.0) / 140.0;
    }
    EXPECT_NEAR(total, 0.25, 1e-5);
  }
  // The training rows of X w are the training rows of X times w.
  reference::Dense product(140, 7);
  for (int64_t i = 0; i < 140; ++i) {
    for (int64_t j = 0; j < 7; ++j) product(i, j) = one.product(test.training[i], j);
  }
  EXPECT_LT(relative_error(reference::multiply(reference::dense_of(one.training), reference::dense_of(w)), product),
            1e-5);
  for (const int ranks : {2, 3, 5}) {
    for (const auto method : {PartitionMethod::metis_cut, PartitionMethod::random}) {
      const testing::Augmented many = test.run(make_partition(data.graph, ranks, method, 1), w);
      EXPECT_EQ(many.scales, one.scales);
      EXPECT_TRUE(testing::same_bits(many.training, one.training));
      EXPECT_TRUE(testing::same_bits(many.product, one.product));
    }
  }
}

}  // namespace
}  // namespace tersegraph
