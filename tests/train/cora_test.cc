// Kipf and Welling's GCN on Cora, with their settings; perceptrons on augmented features (GA-MLP, SGC).
#include <gtest/gtest.h>

#include <filesystem>

#include "data/features.h"
#include "data/split.h"
#include "train/training.h"

namespace tersegraph {
namespace {

const std::string kPath = TERSEGRAPH_SHARED_DIR "/data/npz/cora.npz";

Dataset cora() {
  Dataset dataset = load_dataset(kPath);
  dataset.splits = {choose_split(dataset, "public", 0, 0)};
  return dataset;
}

TEST(Cora, GcnReachesThePublishedRange) {
  if (!std::filesystem::exists(kPath)) GTEST_SKIP() << "no " << kPath;
  Dataset dataset = cora();
  normalize_rows(dataset.features);
  FullGraphConfig config;
  config.model = {.kind = ModelKind::gcn, .layers = 2, .hidden = 16, .dropout = 0.5f, .input_dropout = 0.5f};
  config.optimizer.weight_decay = 5e-4;
  config.decay_first_layer_only = true;
  config.epochs = 200;
  config.seed = 1;
  EXPECT_GE(*testing::train(dataset, config).result.best.test_accuracy, 0.80);
}

TEST(Cora, TwoLayersOnAugmentedFeatures) {
  if (!std::filesystem::exists(kPath)) GTEST_SKIP() << "no " << kPath;
  MlpConfig config;
  config.model = {.layers = 2, .hidden = 100, .dropout = 0.0f};
  config.optimizer.weight_decay = 5e-4;
  config.epochs = 100;
  config.seed = 1;
  EXPECT_GT(*testing::train(cora(), config).result.best.test_accuracy, 0.76);
}

TEST(Cora, SgcReachesThePublishedRange) {
  if (!std::filesystem::exists(kPath)) GTEST_SKIP() << "no " << kPath;
  MlpConfig config;
  config.model.layers = 1;
  config.augment.hops = 2;
  config.augment.last_hop_only = true;
  config.learning_rate = 0.2;
  config.optimizer.weight_decay = 1e-4;
  config.epochs = 100;
  EXPECT_GT(*testing::train(cora(), config).result.best.test_accuracy, 0.78);
}

}  // namespace
}  // namespace tersegraph
