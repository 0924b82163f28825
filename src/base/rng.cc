#include "base/rng.h"

#include <cmath>
#include <numbers>

namespace tersegraph {

double normal_from_bits(uint64_t bits) {
  const double u = (static_cast<double>(bits >> 32) + 0.5) * 0x1.0p-32;
  const double v = static_cast<double>(bits & 0xFFFFFFFFu) * 0x1.0p-32;
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

double Random::normal() {
  return normal_from_bits(bits());
}

}  // namespace tersegraph
