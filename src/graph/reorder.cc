#include "graph/reorder.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/rng.h"
#include "graph/label_propagation.h"
#include "graph/pattern.h"

namespace tersegraph {
namespace {

std::vector<int32_t> natural_order(int64_t rows) {
  std::vector<int32_t> order(rows);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

int64_t degree(CsrView a, int64_t i) {
  return a.end(i) - a.begin(i);
}

/// Breadth-first search that numbers neighbours by ascending degree (Cuthill and McKee 1969).
class BreadthFirst {
  auto by_degree() const {
    return [this](int32_t i, int32_t j) { return std::pair(degree(a_, i), i) < std::pair(degree(a_, j), j); };
  }

 public:
  explicit BreadthFirst(CsrView a) : a_(a), seen_(a.rows, 0) {}

  /// Appends the component of `start` to `order`. Returns a row of the last level with the least degree.
  int32_t visit(int32_t start, std::vector<int32_t>& order) {
    const uint32_t mark = ++mark_;
    size_t level_begin = order.size(), next = order.size();
    order.push_back(start);
    seen_[start] = mark;
    while (next < order.size()) {
      level_begin = next;
      for (const size_t level_end = order.size(); next < level_end; ++next) append_neighbours(order[next], mark, order);
    }
    return *std::min_element(order.begin() + static_cast<int64_t>(level_begin), order.end(), by_degree());
  }

 private:
  void append_neighbours(int32_t i, uint32_t mark, std::vector<int32_t>& order) {
    const size_t first = order.size();
    for (int64_t e = a_.begin(i); e < a_.end(i); ++e) {
      const int32_t j = a_.indices[e];
      if (seen_[j] == mark) continue;
      seen_[j] = mark;
      order.push_back(j);
    }
    std::sort(order.begin() + static_cast<int64_t>(first), order.end(), by_degree());
  }

  CsrView a_;
  std::vector<uint32_t> seen_;  // the last visit that came by
  uint32_t mark_ = 0;
};

std::vector<int32_t> rcm_order(CsrView pattern) {
  std::vector<int32_t> starts = natural_order(pattern.rows);
  std::stable_sort(starts.begin(), starts.end(),
                   [&](int32_t i, int32_t j) { return degree(pattern, i) < degree(pattern, j); });
  std::vector<bool> placed(pattern.rows, false);
  std::vector<int32_t> order, component;
  order.reserve(pattern.rows);
  BreadthFirst search(pattern);
  for (const int32_t start : starts) {
    if (placed[start]) continue;
    const size_t first = order.size();
    if (degree(pattern, start) == 0) {
      order.push_back(start);
    } else {
      component.clear();
      search.visit(search.visit(start, component), order);  // from one end of the component to the other
    }
    for (size_t k = first; k < order.size(); ++k) placed[order[k]] = true;
  }
  std::reverse(order.begin(), order.end());
  return order;
}

/// By clusters, each called after the row that founded it.
std::vector<int32_t> cluster_order(CsrView pattern, uint64_t seed) {
  constexpr int kMostRounds = 8;
  constexpr int64_t kLargestCluster = 4096;
  std::vector<int32_t> label = natural_order(pattern.rows);
  LabelPropagation clusters(label, static_cast<int32_t>(pattern.rows), kLargestCluster,
                            StreamKey(seed, Purpose::shuffle));
  for (int round = 0; round < kMostRounds; ++round) {
    int64_t moved = 0;
    for (int64_t i = 0; i < pattern.rows; ++i) {
      moved += clusters.place(i, {pattern.indices + pattern.begin(i), pattern.indices + pattern.end(i)});
    }
    if (moved < pattern.rows / 100) break;
  }
  std::vector<int32_t> order = natural_order(pattern.rows);
  std::stable_sort(order.begin(), order.end(), [&](int32_t i, int32_t j) { return label[i] < label[j]; });
  return order;
}

constexpr int64_t kCacheRows = 8192;

/// miss_share of the matrix whose rows and columns stand in this order.
double miss_share_in_order(CsrView a, const std::vector<int32_t>& order) {
  std::vector<int64_t> last_read(a.cols, -kCacheRows - 1);
  int64_t misses = 0, time = 0;
  for (const int32_t i : order) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e, ++time) {
      int64_t& last = last_read[a.indices[e]];
      misses += time - last > kCacheRows;
      last = time;
    }
  }
  return time == 0 ? 0.0 : static_cast<double>(misses) / static_cast<double>(time);
}

std::vector<int32_t> automatic_order(CsrView a, uint64_t seed) {
  constexpr double kWorthwhile = 0.9;
  std::vector<int32_t> best = natural_order(a.rows);
  if (a.rows <= kCacheRows) return best;
  double least = kWorthwhile * miss_share_in_order(a, best);
  const UndirectedPattern pattern(a);
  for (const Ordering ordering : {Ordering::rcm, Ordering::clusters}) {
    std::vector<int32_t> order =
        ordering == Ordering::rcm ? rcm_order(pattern.view()) : cluster_order(pattern.view(), seed);
    const double misses = miss_share_in_order(a, order);
    if (misses > least) continue;
    least = misses;
    best = std::move(order);
  }
  return best;
}

}  // namespace

Ordering parse_ordering(std::string_view name) {
  if (name == "none") return Ordering::none;
  if (name == "rcm") return Ordering::rcm;
  if (name == "clusters") return Ordering::clusters;
  if (name == "auto") return Ordering::automatic;
  fail_input("ordering '{}' is not known; choose none, rcm, clusters or auto", name);
}

double miss_share(CsrView a) {
  return miss_share_in_order(a, natural_order(a.rows));
}

std::vector<int32_t> locality_order(CsrView a, Ordering ordering, uint64_t seed) {
  switch (ordering) {
    case Ordering::rcm:
      return rcm_order(UndirectedPattern(a).view());
    case Ordering::clusters:
      return cluster_order(UndirectedPattern(a).view(), seed);
    case Ordering::automatic:
      return automatic_order(a, seed);
    case Ordering::none:
      break;
  }
  return natural_order(a.rows);
}

}  // namespace tersegraph
