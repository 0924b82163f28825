#pragma once

#include "data/npz_files.h"

namespace tersegraph::testing {

/// Six nodes in a ring, three features, two classes, a split: a whole dataset that bad-input tests damage one array at
/// a time.
inline NpzFile small_graph() {
  NpzFile file;
  file.set<int64_t>("num_nodes", {6})
      .set<int64_t>("adj_indptr", {0, 2, 4, 6, 8, 10, 12})
      .set<int32_t>("adj_indices", {1, 5, 0, 2, 1, 3, 2, 4, 3, 5, 0, 4})
      .set<float>("attr", {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 1}, "(6, 3)")
      .set<int32_t>("labels", {0, 0, 0, 1, 1, 1})
      .set<int32_t>("num_classes", {2})
      .set<uint8_t>("train_mask", {1, 0, 0, 1, 0, 0})
      .set<uint8_t>("val_mask", {0, 1, 0, 0, 1, 0})
      .set<uint8_t>("test_mask", {0, 0, 1, 0, 0, 1});
  return file;
}

}  // namespace tersegraph::testing
