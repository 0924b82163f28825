#include "graph/vertex_cover.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace tersegraph {
namespace {

constexpr int32_t kFree = -1;
constexpr int32_t kUnreached = -1;

std::vector<int32_t> mates_of_right(const std::vector<int32_t>& mate_of_left, int64_t right) {
  std::vector<int32_t> mate(right, kFree);
  for (size_t i = 0; i < mate_of_left.size(); ++i) {
    if (mate_of_left[i] != kFree) mate[mate_of_left[i]] = static_cast<int32_t>(i);
  }
  return mate;
}

/// A matching that leaves little to do: a vertex with one partner left takes it, which is never wrong; where there is
/// no such vertex, the next left one takes the partner that the fewest others could take. (Karp and Sipser 1981)
class FirstMatching {
 public:
  explicit FirstMatching(CsrView edges)
      : sides_{{edges, {}, std::vector<int32_t>(edges.rows, kFree), {}, {}},
               {{}, transpose(edges), std::vector<int32_t>(edges.cols, kFree), {}, {}}} {
    sides_[1].edges = sides_[1].owned;
    for (Side& side : sides_) {
      for (int32_t i = 0; i < side.edges.rows; ++i) {
        side.degree.push_back(side.edges.end(i) - side.edges.begin(i));
        if (side.degree.back() == 1) side.ones.push_back(i);
      }
    }
  }

  std::vector<int32_t> run() {
    for (int32_t i = 0; i < sides_[0].edges.rows; ++i) {
      match_ones();
      if (sides_[0].mate[i] == kFree) match_one(0, i);
    }
    return std::move(sides_[0].mate);
  }

 private:
  struct Side {
    CsrView edges;
    Csr owned;
    std::vector<int32_t> mate;
    std::vector<int64_t> degree;  ///< edges to free vertices
    std::vector<int32_t> ones;    ///< vertices whose degree came to be one
  };

  void match_ones() {
    while (!sides_[0].ones.empty() || !sides_[1].ones.empty()) {
      const int side = sides_[0].ones.empty() ? 1 : 0;
      const int32_t i = sides_[side].ones.back();
      sides_[side].ones.pop_back();
      if (sides_[side].mate[i] == kFree) match_one(side, i);
    }
  }

  void match_one(int side, int32_t i) {
    Side &mine = sides_[side], &other = sides_[1 - side];
    int32_t best = kFree;
    for (int64_t e = mine.edges.begin(i); e < mine.edges.end(i); ++e) {
      const int32_t j = mine.edges.indices[e];
      if (other.mate[j] == kFree && (best == kFree || other.degree[j] < other.degree[best])) best = j;
    }
    if (best == kFree) return;
    mine.mate[i] = best;
    other.mate[best] = i;
    forget(mine, i, other);
    forget(other, best, mine);
  }

  static void forget(const Side& side, int32_t i, Side& other) {
    for (int64_t e = side.edges.begin(i); e < side.edges.end(i); ++e) {
      const int32_t j = side.edges.indices[e];
      if (--other.degree[j] == 1 && other.mate[j] == kFree) other.ones.push_back(j);
    }
  }

  Side sides_[2];
};

/// Phases of Hopcroft and Karp: each flips a maximal set of disjoint shortest augmenting paths. The depth-first search
/// keeps its own stack, since paths can be as long as the graph.
class Matcher {
 public:
  explicit Matcher(CsrView edges)
      : edges_(edges),
        mate_of_left_(FirstMatching(edges).run()),
        mate_of_right_(mates_of_right(mate_of_left_, edges.cols)),
        depth_(edges.rows),
        next_(edges.rows) {}

  std::vector<int32_t> run() {
    while (find_depths()) {
      std::copy(edges_.indptr, edges_.indptr + edges_.rows, next_.begin());
      for (int32_t i = 0; i < edges_.rows; ++i) {
        if (mate_of_left_[i] == kFree) augment(i);
      }
    }
    return std::move(mate_of_left_);
  }

 private:
  /// The depth of each left vertex in the search from the free ones, down to where a free right vertex is first seen;
  /// false when there is none.
  bool find_depths() {
    queue_.clear();
    for (int32_t i = 0; i < edges_.rows; ++i) {
      depth_[i] = mate_of_left_[i] == kFree ? 0 : kUnreached;
      if (depth_[i] == 0) queue_.push_back(i);
    }
    auto last = static_cast<int32_t>(edges_.rows);
    bool found = false;
    for (size_t head = 0; head < queue_.size(); ++head) {
      const int32_t i = queue_[head];
      if (depth_[i] > last) break;
      for (int64_t e = edges_.begin(i); e < edges_.end(i); ++e) {
        const int32_t k = mate_of_right_[edges_.indices[e]];
        if (k == kFree) {
          found = true;
          last = depth_[i];
        } else if (depth_[k] == kUnreached && depth_[i] < last) {
          depth_[k] = depth_[i] + 1;
          queue_.push_back(k);
        }
      }
    }
    return found;
  }

  void augment(int32_t root) {
    stack_.assign(1, root);
    while (!stack_.empty()) {
      const int32_t i = stack_.back();
      if (next_[i] == edges_.end(i)) {
        depth_[i] = kUnreached;
        stack_.pop_back();
        continue;
      }
      const int32_t k = mate_of_right_[edges_.indices[next_[i]++]];
      if (k == kFree) {
        flip();
        return;
      }
      if (depth_[k] == depth_[i] + 1) stack_.push_back(k);
    }
  }

  /// The stack is a path; each of its vertices takes the right vertex that it looked at last.
  void flip() {
    for (const int32_t i : stack_) {
      mate_of_left_[i] = edges_.indices[next_[i] - 1];
      mate_of_right_[mate_of_left_[i]] = i;
      depth_[i] = kUnreached;
    }
  }

  CsrView edges_;
  std::vector<int32_t> mate_of_left_, mate_of_right_, depth_, queue_, stack_;
  std::vector<int64_t> next_;  ///< the first entry of each left vertex that this phase has not tried
};

}  // namespace

std::vector<int32_t> maximum_matching(CsrView edges) {
  return Matcher(edges).run();
}

int64_t VertexCover::size() const {
  return std::accumulate(left.begin(), left.end(), int64_t{0}) +
         std::accumulate(right.begin(), right.end(), int64_t{0});
}

VertexCover minimum_vertex_cover(CsrView edges) {
  const std::vector<int32_t> mate_of_left = maximum_matching(edges);
  const std::vector<int32_t> mate_of_right = mates_of_right(mate_of_left, edges.cols);
  VertexCover cover{std::vector<uint8_t>(edges.rows, 1), std::vector<uint8_t>(edges.cols, 0)};
  std::vector<int32_t> queue;
  for (int32_t i = 0; i < edges.rows; ++i) {
    if (mate_of_left[i] == kFree) queue.push_back(i);
  }
  for (const int32_t i : queue) cover.left[i] = 0;
  // Along alternating paths from the free left vertices every right vertex is matched, else the matching would grow.
  for (size_t head = 0; head < queue.size(); ++head) {
    for (int64_t e = edges.begin(queue[head]); e < edges.end(queue[head]); ++e) {
      const int32_t j = edges.indices[e], k = mate_of_right[j];
      cover.right[j] = 1;
      if (cover.left[k] == 0) continue;
      cover.left[k] = 0;
      queue.push_back(k);
    }
  }
  return cover;
}

}  // namespace tersegraph
