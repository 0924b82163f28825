// Kipf and Welling's GCN on Cora, with their settings.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/features.h"
#include "data/split.h"
#include "train/training.h"

namespace tersegraph {
namespace {

TEST(Cora, GcnReachesThePublishedRange) {
  const std::string path = TERSEGRAPH_SHARED_DIR "/data/npz/cora.npz";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  Dataset dataset = load_dataset(path);
  normalize_rows(dataset.features);
  dataset.splits = {choose_split(dataset, "public", 0, 0)};
  FullGraphConfig config;
  config.model = {.kind = ModelKind::gcn, .layers = 2, .hidden = 16, .dropout = 0.5f, .input_dropout = 0.5f};
  config.optimizer.weight_decay = 5e-4;
  config.decay_first_layer_only = true;
  config.epochs = 200;
  config.seed = 1;
  EXPECT_GE(*testing::train(dataset, config).result.best.test_accuracy, 0.80);
}

}  // namespace
}  // namespace tersegraph
