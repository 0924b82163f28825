#include "graph/alias_table.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace tersegraph {

void build_alias_table(std::span<const double> weights, std::span<const int32_t> numbers, std::span<AliasSlot> slots) {
  const size_t n = weights.size();
  const double mean = std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(n);
  std::vector<double> share(n);  // what is left to give to each slot's own number, in slots
  std::vector<int32_t> small, large;
  for (size_t i = 0; i < n; ++i) {
    share[i] = weights[i] / mean;
    slots[i] = {0, numbers[i], numbers[i]};
    (share[i] < 1 ? small : large).push_back(static_cast<int32_t>(i));
  }
  while (!small.empty() && !large.empty()) {
    const int32_t poor = small.back(), rich = large.back();
    small.pop_back();
    slots[poor].threshold = static_cast<uint32_t>(std::min(share[poor] * 0x1.0p32, 0x1.0p32 - 1));
    slots[poor].alias = numbers[rich];
    share[rich] -= 1 - share[poor];
    if (share[rich] < 1) {
      large.pop_back();
      small.push_back(rich);
    }
  }
  // Slots left over owe nothing to others: own and alias are the same number there.
}

}  // namespace tersegraph
