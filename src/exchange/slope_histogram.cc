#include "exchange/slope_histogram.h"

#include "exchange/message.h"

namespace tersegraph {

float SlopeBins::edge(int bin, int top) {
  const int key = bin + top - kBins + 1;
  if (bin <= 0 || key <= 0) return 0;
  return std::bit_cast<float>(static_cast<uint32_t>(key) << kKeyShift);
}

void SlopeHistograms::add(int exchange, const WidthLadder& ladder, int64_t cols, const MessageCosts& costs,
                          std::span<const int> lane_of) {
  const int top = top_[exchange];
  for (size_t q = 0; q < lane_of.size(); ++q) {
    const int64_t first = costs.offsets[q], last = costs.offsets[q + 1];
    if (first == last) continue;
    double* const head = values_.data() + row(exchange, lane_of[q]);
    double *const bytes = head + SlopeBins::kHead, *const bought = bytes + SlopeBins::kBins;
    double lowest_bytes = sizeof(MessageHeader), lowest_cost = 0;
    for (int64_t i = first; i < last; ++i) {
      const float weight = costs.weights[i], norm = costs.norm(i);
      const LowestWidth lowest = lowest_width(ladder, weight, norm);
      lowest_bytes += static_cast<double>(lowest.bytes);
      lowest_cost += lowest.cost;
      visit_steps(ladder, weight, norm, [&](const WidthStep& step) {
        const int bin = SlopeBins::bin(step.slope, top);
        bytes[bin] += static_cast<double>(step.bytes);
        bought[bin] += static_cast<double>(step.slope) * static_cast<double>(step.bytes);
      });
    }
    head[0] += 1;
    head[1] += lowest_bytes;
    head[2] += lowest_cost;
    head[3] += static_cast<double>(MessageLayout(last - first, cols, 32).capacity());
  }
}

}  // namespace tersegraph
