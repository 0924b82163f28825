#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "augment/augmented_features.h"
#include "comm/launch.h"
#include "reference/dense_matrix.h"
#include "reference/random_graphs.h"

namespace tersegraph::testing {

/// A `share` of the cells is not 0; every seventh row is.
inline Matrix random_features(int64_t rows, int64_t cols, double share, uint64_t seed) {
  Random random = reference::numbers(seed);
  Matrix x(rows, cols);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) {
      const bool there = i % 7 != 3 && random.uniform() < share;
      x(i, j) = there ? static_cast<float>(random.normal()) : 0.0f;
    }
  }
  return x;
}

inline Features features_of(const Matrix& x, bool sparse) {
  Features features;
  features.is_sparse = sparse;
  if (!sparse) {
    features.dense.reshape(x.rows(), x.cols());
    std::copy_n(x.data(), x.size(), features.dense.data());
    return features;
  }
  features.sparse.cols = x.cols();
  for (int64_t i = 0; i < x.rows(); ++i) {
    for (int64_t j = 0; j < x.cols(); ++j) {
      if (x(i, j) == 0.0f) continue;
      features.sparse.indices.push_back(static_cast<int32_t>(j));
      features.sparse.values.push_back(x(i, j));
    }
    features.sparse.indptr.push_back(std::ssize(features.sparse.indices));
  }
  return features;
}

inline Matrix dense_rows(const Features& x) {
  Matrix dense(x.rows(), x.cols());
  dense.fill(0.0f);
  for (int64_t i = 0; i < x.rows(); ++i) {
    if (!x.is_sparse) {
      std::copy_n(x.dense.row(i), x.cols(), dense.row(i));
      continue;
    }
    const CsrView sparse = x.sparse;
    for (int64_t e = sparse.begin(i); e < sparse.end(i); ++e) dense(i, sparse.indices[e]) += sparse.value(e);
  }
  return dense;
}

inline bool same_bits(const Matrix& a, const Matrix& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() &&
         (a.size() == 0 || std::memcmp(a.data(), b.data(), a.bytes()) == 0);
}

/// What all ranks found, put together in the order of `training` and of the nodes.
struct Augmented {
  Matrix training, product;
  std::vector<float> scales;
  bool is_sparse = false;
};

struct AugmentCase {
  Csr matrix;  ///< the operator
  Features features;
  std::vector<int64_t> training;
  AugmentConfig config{};

  int64_t cols() const { return features.cols() * (config.last_hop_only ? 1 : config.hops + 1); }

  /// Multiplies by w twice, the second time with the buffers of the first.
  Augmented run(const Partition& partition, const Matrix& w, int threads = 1,
                Ordering ordering = Ordering::none) const {
    Augmented all{Matrix(std::ssize(training), cols()), Matrix(matrix.rows(), w.cols()), {}, false};
    std::vector<int> found(training.size(), 0), sparse(partition.parts);
    run_thread_ranks(partition.parts, threads, [&](Communicator& communicator) {
      Channel channel(communicator);
      const Shard shard = build_shard(matrix, partition, channel.rank(), ordering, 1);
      AugmentedFeatures augmented(features, shard, training, channel, config);
      sparse[channel.rank()] = augmented.training_rows().is_sparse;
      const Matrix rows = dense_rows(augmented.training_rows());
      if (channel.rank() == 0) all.scales = augmented.scales();
      for (size_t i = 0, next = 0; i < training.size() && next < augmented.training_ids().size(); ++i) {
        if (augmented.training_ids()[next] != training[i]) continue;
        std::copy_n(rows.row(static_cast<int64_t>(next++)), rows.cols(), all.training.row(static_cast<int64_t>(i)));
        ++found[i];
      }
      Matrix y(shard.owned_count(), w.cols());
      for (int repeat = 0; repeat < 2; ++repeat) {
        y.fill(7.0f);
        augmented.multiply(w, y);
      }
      for (int64_t i = 0; i < y.rows(); ++i) std::copy_n(y.row(i), y.cols(), all.product.row(shard.owned[i]));
    });
    // Each on one rank.
    if (found != std::vector<int>(training.size(), 1)) all.training.fill(std::nanf(""));
    if (std::count(sparse.begin(), sparse.end(), sparse[0]) != partition.parts) all.training.fill(std::nanf(""));
    all.is_sparse = sparse[0] != 0;
    return all;
  }
};

}  // namespace tersegraph::testing
