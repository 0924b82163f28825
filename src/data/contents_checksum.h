#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/checksum.h"
#include "data/dataset.h"

namespace tersegraph {

template <class T>
void add_checksum(uint64_t& sum, const std::vector<T>& values) {
  sum = checksum(std::as_bytes(std::span(values)), sum);
}
void add_checksum(uint64_t& sum, const Matrix& x);
void add_checksum(uint64_t& sum, const Csr& x);

/// Goes on from `sum` with what is trained on: a graph or its operator, features, labels and splits.
uint64_t contents_checksum(uint64_t sum, const Csr& graph, const Features& features, const Labels& labels,
                           const std::vector<Split>& splits);

}  // namespace tersegraph
