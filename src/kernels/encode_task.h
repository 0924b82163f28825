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
};

}  // namespace tersegraph
