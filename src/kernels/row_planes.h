#pragma once

#include <cstddef>
#include <cstdint>

namespace tersegraph {

/// Planes of an encoded row (see payload_bytes), in plain loops. A plane of kWidth bits carries bits kShift .. kShift +
/// kWidth - 1 of the codes. `codes` holds one byte a column and 8 more; those beyond the last column are 0 when packed.
template <int kWidth, int kShift>
void pack_plane(const uint8_t* codes, int64_t bytes, uint8_t* plane) {
  for (int64_t k = 0; k < bytes; ++k) {
    unsigned byte = 0;
    for (int j = 0; j < 8 / kWidth; ++j) {
      byte |= (static_cast<unsigned>(codes[j * bytes + k]) >> kShift & ((1u << kWidth) - 1)) << (j * kWidth);
    }
    plane[k] = static_cast<uint8_t>(byte);
  }
}

/// Overwrites the codes from the first plane (kShift 0), adds the bits of the others.
template <int kWidth, int kShift>
void unpack_plane(const uint8_t* plane, int64_t bytes, uint8_t* codes) {
  for (int64_t k = 0; k < bytes; ++k) {
    for (int j = 0; j < 8 / kWidth; ++j) {
      const unsigned part = (static_cast<unsigned>(plane[k]) >> (j * kWidth) & ((1u << kWidth) - 1)) << kShift;
      uint8_t& code = codes[j * bytes + k];
      code = static_cast<uint8_t>(kShift == 0 ? part : code | part);
    }
  }
}

}  // namespace tersegraph
