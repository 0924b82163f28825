#include "graph/generators.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "graph/alias_table.h"

namespace tersegraph {
namespace {

constexpr int64_t kEdgeBlock = 4096;
constexpr int64_t kLargestBatch = int64_t{1} << 22;
constexpr int kPrefetchAhead = 16;

enum Stream : int64_t { kClasses = 1, kWeights, kEdges };

StreamKey stream_key(uint64_t seed, Stream stream) {
  return {seed, Purpose::generator, {}, 0, stream};
}

struct NodePair {
  int32_t u, v;
  bool valid() const { return u >= 0; }
};

/// The model's distribution over edges: candidate k is a pure function of the seed and k.
class EdgeDistribution {
 public:
  EdgeDistribution(const SbmSpec& spec, const std::vector<int32_t>& classes);

  /// A pair of different nodes; invalid where the drawn end has no partner (a class of one node).
  NodePair draw_pair(int64_t candidate) const;
  int64_t class_size(int64_t c) const { return offsets_[c + 1] - offsets_[c]; }

 private:
  std::span<const AliasSlot> nodes_of(int64_t c) const {
    return std::span(node_slots_).subspan(offsets_[c], class_size(c));
  }

  StreamKey key_;
  double homophily_;
  std::vector<int64_t> offsets_;       // of the classes in node_slots_
  std::vector<AliasSlot> node_slots_;  // a table a class
  std::vector<AliasSlot> class_slots_;
};

EdgeDistribution::EdgeDistribution(const SbmSpec& spec, const std::vector<int32_t>& classes)
    : key_(stream_key(spec.seed, kEdges)),
      homophily_(spec.classes == 1 ? 1.0 : spec.homophily),
      offsets_(spec.classes + 1, 0),
      node_slots_(classes.size()),
      class_slots_(spec.classes) {
  for (const int32_t c : classes) ++offsets_[c + 1];
  std::partial_sum(offsets_.begin(), offsets_.end(), offsets_.begin());
  std::vector<int32_t> members(classes.size());
  std::vector<double> weights(classes.size());
  std::vector<int64_t> next(offsets_.begin(), offsets_.end() - 1);
  const StreamKey weight_key = stream_key(spec.seed, kWeights);
  for (size_t v = 0; v < classes.size(); ++v) {
    const int64_t slot = next[classes[v]]++;
    members[slot] = static_cast<int32_t>(v);
    // The cut keeps the largest expected degree below about 10^4 times the smallest at exponent 1.
    weights[slot] = std::pow(1 / std::max(uniform01(weight_key.row(static_cast<int64_t>(v))), 1e-4), 1 / spec.exponent);
  }
  std::vector<double> class_weights(spec.classes);
  parallel_blocks(spec.classes, 1, [&](int64_t c, int64_t) {
    if (class_size(c) == 0) return;
    const auto own = std::span(weights).subspan(offsets_[c], class_size(c));
    class_weights[c] = std::accumulate(own.begin(), own.end(), 0.0);
    build_alias_table(own, std::span(members).subspan(offsets_[c], class_size(c)),
                      std::span(node_slots_).subspan(offsets_[c], class_size(c)));
  });
  std::vector<int32_t> class_numbers(spec.classes);
  std::iota(class_numbers.begin(), class_numbers.end(), 0);
  build_alias_table(class_weights, class_numbers, class_slots_);
}

NodePair EdgeDistribution::draw_pair(int64_t candidate) const {
  constexpr int kAttempts = 64;
  StreamKey candidate_key;
  candidate_key.value = key_.row(candidate);
  Random random(candidate_key);
  const int32_t class_u = draw(class_slots_, random.bits());
  const int32_t u = draw(nodes_of(class_u), random.bits());
  const bool same_class = random.uniform() < homophily_;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int32_t class_v = same_class ? class_u : draw(class_slots_, random.bits());
    if (!same_class && class_v == class_u) continue;
    const int32_t v = draw(nodes_of(class_v), random.bits());
    if (v != u) return {u, v};
  }
  return {-1, -1};
}

/// Calls use(pair) for candidates first .. first + count - 1, from several threads. Drawing a block before using it
/// lets its cache misses overlap, which atomic operations between them would prevent.
template <class Prefetch, class Use>
void for_each_candidate(const EdgeDistribution& edges, int64_t count, Prefetch&& prefetch, Use&& use) {
  parallel_blocks(count, kEdgeBlock, [&](int64_t begin, int64_t end) {
    NodePair pairs[kEdgeBlock + kPrefetchAhead];
    int64_t drawn = 0;
    for (int64_t k = begin; k < end; ++k) {
      pairs[drawn] = edges.draw_pair(k);
      drawn += pairs[drawn].valid();
    }
    std::fill_n(pairs + drawn, kPrefetchAhead, NodePair{0, 0});
    for (int64_t i = 0; i < drawn; ++i) {
      prefetch(pairs[i + kPrefetchAhead]);
      use(pairs[i]);
    }
  });
}

int64_t fetch_add(int64_t& counter) {
  return std::atomic_ref(counter).fetch_add(1, std::memory_order_relaxed);
}

/// The graph of the first `count` candidates, without duplicates.
Csr draw_graph(const EdgeDistribution& edges, int64_t nodes, int64_t count) {
  Csr a;
  a.cols = nodes;
  a.indptr.assign(nodes + 1, 0);
  const auto prefetch = [](std::vector<int64_t>& counters, NodePair pair, int64_t shift) {
    __builtin_prefetch(&counters[pair.u + shift], 1);
    __builtin_prefetch(&counters[pair.v + shift], 1);
  };
  for_each_candidate(
      edges, count, [&](NodePair pair) { prefetch(a.indptr, pair, 1); },
      [&](NodePair pair) {
        fetch_add(a.indptr[pair.u + 1]);
        fetch_add(a.indptr[pair.v + 1]);
      });
  std::partial_sum(a.indptr.begin(), a.indptr.end(), a.indptr.begin());
  a.indices.reserve(2 * count);
  a.indices.resize(a.nnz());
  std::vector<int64_t> next(a.indptr.begin(), a.indptr.end() - 1);
  for_each_candidate(
      edges, count, [&](NodePair pair) { prefetch(next, pair, 0); },
      [&](NodePair pair) {
        a.indices[fetch_add(next[pair.u])] = pair.v;
        a.indices[fetch_add(next[pair.v])] = pair.u;
      });
  sort_and_deduplicate_rows(a);
  return a;
}

struct Key {
  uint64_t pair;  // smaller node in the upper half
  int64_t candidate;
};

uint64_t pair_key(NodePair pair) {
  const auto [low, high] = std::minmax(pair.u, pair.v);
  return static_cast<uint64_t>(low) << 32 | static_cast<uint64_t>(high);
}

bool has_edge(CsrView a, NodePair pair) {
  return std::binary_search(a.indices + a.begin(pair.u), a.indices + a.end(pair.u), pair.v);
}

/// Of candidates first .. first + count - 1, the earliest of each pair that is in neither `a` nor `added`, in drawing
/// order.
std::vector<Key> draw_new(const EdgeDistribution& edges, CsrView a, const std::vector<uint64_t>& added, int64_t first,
                          int64_t count) {
  constexpr uint64_t kUnusable = std::numeric_limits<uint64_t>::max();
  std::vector<Key> keys(count);
  parallel_blocks(count, kEdgeBlock, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const NodePair pair = edges.draw_pair(first + k);
      keys[k] = {pair.valid() && !has_edge(a, pair) ? pair_key(pair) : kUnusable, k};
    }
  });
  std::erase_if(keys, [&](const Key& key) {
    return key.pair == kUnusable || std::binary_search(added.begin(), added.end(), key.pair);
  });
  std::stable_sort(keys.begin(), keys.end(), [](const Key& x, const Key& y) { return x.pair < y.pair; });
  const auto same_pair = [](const Key& x, const Key& y) { return x.pair == y.pair; };
  keys.erase(std::unique(keys.begin(), keys.end(), same_pair), keys.end());
  std::sort(keys.begin(), keys.end(), [](const Key& x, const Key& y) { return x.candidate < y.candidate; });
  return keys;
}

/// `missing` further edges, as sorted keys.
std::vector<uint64_t> draw_missing(const SbmSpec& spec, const EdgeDistribution& edges, CsrView a, int64_t missing) {
  const int64_t last_candidate = 64 * spec.edges + (int64_t{1} << 16);
  std::vector<uint64_t> added;
  int64_t first = spec.edges;
  while (static_cast<int64_t>(added.size()) < missing) {
    if (first > last_candidate) {
      fail_input("sbm: found only {} of {} edges among {} nodes at homophily {} and exponent {}; ask for fewer edges",
                 spec.edges - missing + static_cast<int64_t>(added.size()), spec.edges, spec.nodes, spec.homophily,
                 spec.exponent);
    }
    const int64_t due = missing - static_cast<int64_t>(added.size());
    const int64_t batch = std::min(due + due / 4 + 1024, kLargestBatch);
    const std::vector<Key> fresh = draw_new(edges, a, added, first, batch);
    for (int64_t i = 0; i < std::min<int64_t>(due, std::ssize(fresh)); ++i) added.push_back(fresh[i].pair);
    std::sort(added.begin(), added.end());
    first += batch;
  }
  return added;
}

/// Inserts both directions of the added edges in place.
void insert_edges(Csr& a, const std::vector<uint64_t>& added) {
  const auto low = [](uint64_t key) { return static_cast<int32_t>(key >> 32); };
  const auto high = [](uint64_t key) { return static_cast<int32_t>(key & 0xFFFFFFFF); };
  std::vector<int64_t> shift(a.indptr.size(), 0);  // of row i: entries added to the rows before it
  for (const uint64_t key : added) {
    ++shift[low(key) + 1];
    ++shift[high(key) + 1];
  }
  std::partial_sum(shift.begin(), shift.end(), shift.begin());
  a.indices.resize(a.nnz() + 2 * added.size());
  for (int64_t i = a.rows() - 1; i >= 0; --i) {
    const auto begin = a.indices.begin();
    std::copy_backward(begin + a.indptr[i], begin + a.indptr[i + 1], begin + a.indptr[i + 1] + shift[i]);
  }
  std::vector<int64_t> next(a.rows());
  for (int64_t i = 0; i < a.rows(); ++i) next[i] = a.indptr[i + 1] + shift[i];
  for (const uint64_t key : added) {
    a.indices[next[low(key)]++] = high(key);
    a.indices[next[high(key)]++] = low(key);
  }
  for (size_t i = 0; i < shift.size(); ++i) a.indptr[i] += shift[i];
  sort_and_deduplicate_rows(a);
}

void check(const SbmSpec& spec) {
  const int64_t most_nodes = std::numeric_limits<int32_t>::max();
  if (spec.nodes < 1 || spec.nodes > most_nodes) {
    fail_input("sbm: nodes={} must be between 1 and {}", spec.nodes, most_nodes);
  }
  if (spec.classes < 1 || spec.classes > spec.nodes) {
    fail_input("sbm: classes={} must be between 1 and the number of nodes, {}", spec.classes, spec.nodes);
  }
  if (!(spec.homophily >= 0 && spec.homophily <= 1)) {
    fail_input("sbm: homophily={} must be between 0 and 1", spec.homophily);
  }
  if (!(spec.exponent > 0) || !std::isfinite(spec.exponent)) {
    fail_input("sbm: exponent={} must be a positive number", spec.exponent);
  }
  if (spec.edges < 0) fail_input("sbm: edges={} must not be negative", spec.edges);
}

/// Refuses what no drawing could reach.
void check_room(const SbmSpec& spec, const EdgeDistribution& edges) {
  const auto pairs = [](int64_t n) { return n * (n - 1) / 2; };
  int64_t within = 0;
  for (int64_t c = 0; c < spec.classes; ++c) within += pairs(edges.class_size(c));
  const int64_t between = pairs(spec.nodes) - within;
  const int64_t room = (spec.homophily > 0 || spec.classes == 1 ? within : 0) + (spec.homophily < 1 ? between : 0);
  if (spec.edges > room) {
    fail_input("sbm: edges={} is more than the {} pairs of {} nodes at homophily {}; ask for fewer edges or more nodes",
               spec.edges, room, spec.nodes, spec.homophily);
  }
}

}  // namespace

SbmGraph generate_sbm(const SbmSpec& spec) {
  check(spec);
  SbmGraph result;
  result.classes.resize(spec.nodes);
  const StreamKey class_key = stream_key(spec.seed, kClasses);
  for (int64_t v = 0; v < spec.nodes; ++v) {
    result.classes[v] = static_cast<int32_t>(uniform01(class_key.row(v)) * static_cast<double>(spec.classes));
  }
  const EdgeDistribution edges(spec, result.classes);
  check_room(spec, edges);
  Csr& a = result.graph.adjacency;
  a = draw_graph(edges, spec.nodes, spec.edges);
  const int64_t missing = spec.edges - a.nnz() / 2;
  if (missing > 0) insert_edges(a, draw_missing(spec, edges, a, missing));
  return result;
}

}  // namespace tersegraph
