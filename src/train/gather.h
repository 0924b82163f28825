#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "comm/channel.h"

namespace tersegraph {

/// Brings the rows of all ranks to rank 0, in global order: row ids[i] of the result (nodes, d) is row i of `rows` on
/// the rank that owns it. Other ranks get an empty matrix. Collective.
Matrix gather_rows(ConstMatrixView rows, const std::vector<int64_t>& ids, int64_t nodes, Channel& channel);

/// The same of one whole number a node.
std::vector<int32_t> gather_classes(std::span<const int32_t> classes, const std::vector<int64_t>& ids, int64_t nodes,
                                    Channel& channel);

/// Bytes that a rank of `rows` rows sends for it; of classes, which are as long as a float: one column.
int64_t gather_rows_bytes(int64_t rows, int64_t cols, int rank);

}  // namespace tersegraph
