#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/dataset.h"

namespace tersegraph {

/// Labels of so many nodes, for someone to fill in; none when outputs is 0.
Labels room_for_labels(int64_t nodes, Task task, int64_t outputs);

/// Labels and splits of all nodes out of those of the parts.
class JoinedLabels {
 public:
  JoinedLabels(const DatasetShape& shape, size_t splits);

  /// owned: the global ids of the part's nodes; labels: theirs, in that order; splits: global ids.
  void add(std::span<const int64_t> owned, const Labels& labels, const std::vector<Split>& splits);
  /// With a graph of as many nodes and without edges.
  Dataset take();

 private:
  Dataset dataset_;
};

}  // namespace tersegraph
