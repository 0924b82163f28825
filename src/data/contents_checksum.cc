#include "data/contents_checksum.h"

#include "data/split.h"

namespace tersegraph {
namespace {

template <class T>
void add(uint64_t& sum, const std::vector<T>& values) {
  add_checksum(sum, std::span<const T>(values));
}

}  // namespace

void add_checksum(uint64_t& sum, const Matrix& x) {
  sum += static_cast<uint64_t>(x.cols());
  add_checksum(sum, std::span(x.data(), static_cast<size_t>(x.size())));
}

void add_checksum(uint64_t& sum, const Csr& x) {
  add(sum, x.indptr), add(sum, x.indices), add(sum, x.values);
}

void add_checksum(uint64_t& sum, const Labels& labels) {
  add(sum, labels.classes);
  add_checksum(sum, labels.targets);
}

void add_checksum(uint64_t& sum, const std::vector<Split>& splits) {
  for (const Split& split : splits) {
    for (const auto set : kSplitSets) add(sum, split.*set);
  }
}

}  // namespace tersegraph
