#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/checksum.h"
#include "data/dataset.h"

namespace tersegraph {

template <class T>
void add_checksum(uint64_t& sum, std::span<T> values) {
  sum = checksum(std::as_bytes(values), sum);
}
void add_checksum(uint64_t& sum, const Matrix& x);
void add_checksum(uint64_t& sum, const Csr& x);
void add_checksum(uint64_t& sum, const Labels& labels);
void add_checksum(uint64_t& sum, const std::vector<Split>& splits);

}  // namespace tersegraph
