#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset_rows.h"

namespace tersegraph {

/// What there is to say about a dataset in numbers.
struct DatasetFacts : DatasetShape {
  std::string format;
  double mean_degree = 0;
  int64_t max_degree = 0, isolated = 0;
  double feature_density = 0;  ///< share of stored entries
  int64_t labelled = 0;
  std::vector<int64_t> class_counts;  ///< multiclass, multilabel: nodes a class; regression: empty
  /// Share of the edges between labelled nodes that join two of a class; NaN where there is none or no one class a
  /// node.
  double edge_homophily = 0;
  struct SplitSizes {
    int64_t train = 0, val = 0, test = 0;
  };
  std::vector<SplitSizes> splits;
  /// What training on it would stumble over, a line each, with what to do; empty for nothing.
  std::vector<std::string> remarks;
};

DatasetFacts describe(const DatasetRows& rows);
DatasetFacts describe(const Dataset& dataset);

}  // namespace tersegraph
