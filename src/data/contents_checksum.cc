#include "data/contents_checksum.h"

#include "data/split.h"

namespace tersegraph {

void add_checksum(uint64_t& sum, const Matrix& x) {
  sum = checksum(std::as_bytes(std::span(x.data(), static_cast<size_t>(x.size()))),
                 sum + static_cast<uint64_t>(x.cols()));
}

void add_checksum(uint64_t& sum, const Csr& x) {
  add_checksum(sum, x.indptr);
  add_checksum(sum, x.indices);
  add_checksum(sum, x.values);
}

uint64_t contents_checksum(uint64_t sum, const Csr& graph, const Features& features, const Labels& labels,
                           const std::vector<Split>& splits) {
  add_checksum(sum, graph);
  add_checksum(sum, features.dense), add_checksum(sum, features.sparse);
  add_checksum(sum, labels.classes), add_checksum(sum, labels.targets);
  for (const Split& split : splits) {
    for (const auto set : kSplitSets) add_checksum(sum, split.*set);
  }
  return sum;
}

}  // namespace tersegraph
