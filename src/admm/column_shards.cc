#include "admm/column_shards.h"

#include <algorithm>
#include <cstring>

#include "comm/collectives.h"

namespace tersegraph {

void ColumnShards::sum(std::span<double> values) {
  all_reduce_sum(shards_, Traffic::all_reduce, values);
}

void ColumnShards::sum(MatrixView x) {
  all_reduce_sum(shards_, Traffic::all_reduce, std::span<float>(x.data, static_cast<size_t>(x.size())));
}

void ColumnShards::max(std::span<float> values) {
  all_reduce_max(shards_, Traffic::all_reduce, values);
}

/// The triangle's rows move together, and apart again, within x.
void ColumnShards::sum_lower(MatrixView x) {
  const auto place = [&](int64_t i) { return x.data + i * (i + 1) / 2; };
  const auto bytes = [](int64_t i) { return static_cast<size_t>(i + 1) * sizeof(float); };
  for (int64_t i = 1; i < x.rows; ++i) std::memmove(place(i), x.row(i), bytes(i));
  all_reduce_sum(shards_, Traffic::all_reduce, std::span<float>(x.data, place(x.rows)));
  for (int64_t i = x.rows - 1; i >= 1; --i) std::memmove(x.row(i), place(i), bytes(i));
}

}  // namespace tersegraph
