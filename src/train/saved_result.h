#pragma once

#include <cstddef>
#include <vector>

#include "base/byte_stream.h"
#include "train/trainer.h"

namespace tersegraph {

/// A result's numbers, bit for bit, without its outputs.
void append_result(std::vector<std::byte>& bytes, const TrainResult& result);
/// Errors: RunError, the reader's, for bytes that are no result.
TrainResult read_result(ByteReader& reader);

}  // namespace tersegraph
