#pragma once

#include "base/csr.h"
#include "base/matrix.h"
#include "base/rng.h"
#include "kernels/row_codec.h"

namespace tersegraph {

/// The arguments of encode_rows.
struct EncodeTask {
  CsrView gather;
  ConstMatrixView x;
  const int64_t* row_ids;
  StreamKey key;
  EncodedRowsOut out;
  RowSums more = {};
};

/// Most rows of a batch, whose parameters are found before any of its rows is quantized.
constexpr int64_t kMostBatchRows = 8;

/// What a thread needs to encode rows.
struct EncodeScratch {
  int64_t batch_rows = 1;
  int64_t sum_stride = 0;    ///< from a row of `sums` to the next, in floats
  float* sums = nullptr;     ///< batch_rows partial sums
  uint8_t* codes = nullptr;  ///< of one row: columns + 8
};

}  // namespace tersegraph
