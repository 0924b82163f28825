#include "graph/refine_volume.h"

#include <algorithm>
#include <array>

#include "graph/graph.h"

namespace tersegraph {
namespace {

constexpr double kImbalance = 1.05;
constexpr int kSweeps = 20;
constexpr double kLeastGain = 1e-3;  // of a sweep, relative

/// The largest volume made smooth: the sum over parts of (volume / scale)^8. Moves then pay off that lower one of
/// several equally large volumes, or others that are close to it.
double penalty(double volume) {
  const double square = volume * volume, fourth = square * square;
  return fourth * fourth;
}

/// The edges u -> v without loops and duplicates, u's row listing v.
Csr plain_edges(const Csr& adjacency) {
  return build_graph(Csr{adjacency.cols, adjacency.indptr, adjacency.indices, {}},
                     {.symmetrise = false, .remove_self_loops = true})
      .adjacency;
}

/// What no part may exceed.
int64_t limit(const std::vector<int64_t>& sizes) {
  int64_t total = 0, largest = 0;
  for (const int64_t size : sizes) {
    total += size;
    largest = std::max(largest, size);
  }
  return std::max(largest, static_cast<int64_t>(kImbalance * static_cast<double>(total) / std::ssize(sizes)));
}

class Refinement {
 public:
  Refinement(const Csr& adjacency, Partition& partition)
      : parts_(partition.parts),
        part_of_(partition.part_of),
        out_(plain_edges(adjacency)),
        in_(transpose(out_)),
        targets_(part_of_.size() * parts_, 0),
        nodes_(parts_, 0),
        edges_(parts_, 0),
        volume_(parts_, 0),
        change_(parts_, 0) {
    for (int64_t u = 0; u < out_.rows(); ++u) {
      for (int64_t e = out_.indptr[u]; e < out_.indptr[u + 1]; ++e) ++targets(u, part_of_[out_.indices[e]]);
      const int32_t p = part_of_[u];
      ++nodes_[p];
      edges_[p] += in_degree(u);
      for (int32_t q = 0; q < parts_; ++q) {
        if (q == p || targets(u, q) == 0) continue;
        ++volume_[p];
        ++volume_[q];
      }
    }
    most_nodes_ = limit(nodes_);
    most_edges_ = limit(edges_);
    most_volume_ = *std::max_element(volume_.begin(), volume_.end());
    scale_ = 1.0 / static_cast<double>(std::max<int64_t>(most_volume_, 1));
  }

  void run() {
    double before = total_penalty();
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      for (int64_t v = 0; v < out_.rows(); ++v) improve(v);
      const double after = total_penalty();
      if (after > (1 - kLeastGain) * before) return;
      before = after;
    }
  }

 private:
  int32_t& targets(int64_t u, int32_t part) { return targets_[u * parts_ + part]; }
  int64_t in_degree(int64_t v) const { return in_.indptr[v + 1] - in_.indptr[v]; }

  double total_penalty() const {
    double total = 0;
    for (const int64_t volume : volume_) total += penalty(static_cast<double>(volume) * scale_);
    return total;
  }

  /// Makes the move of v that lowers the penalty most, if there is one.
  void improve(int64_t v) {
    const int32_t from = part_of_[v];
    find_neighbour_parts(v, from);
    int32_t best = from;
    double best_gain = 1e-12;
    for (const int32_t to : neighbour_parts_) {
      if (nodes_[from] == 1 || nodes_[to] + 1 > most_nodes_ || edges_[to] + in_degree(v) > most_edges_) continue;
      find_change(v, from, to);
      const double gain = gain_of_change();
      if (gain <= best_gain) continue;
      best = to;
      best_gain = gain;
    }
    if (best != from) move(v, from, best);
  }

  void find_neighbour_parts(int64_t v, int32_t from) {
    neighbour_parts_.clear();
    const auto add = [&](int32_t part) {
      if (part == from || std::find(neighbour_parts_.begin(), neighbour_parts_.end(), part) != neighbour_parts_.end())
        return;
      neighbour_parts_.push_back(part);
    };
    for (int64_t e = out_.indptr[v]; e < out_.indptr[v + 1]; ++e) add(part_of_[out_.indices[e]]);
    for (int64_t e = in_.indptr[v]; e < in_.indptr[v + 1]; ++e) add(part_of_[in_.indices[e]]);
  }

  /// What the move adds to every part's volume.
  void find_change(int64_t v, int32_t from, int32_t to) {
    std::fill(change_.begin(), change_.end(), 0);
    const auto send = [&](int32_t p, int32_t q, int64_t rows) {
      change_[p] += rows;
      change_[q] += rows;
    };
    for (int32_t q = 0; q < parts_; ++q) {
      if (targets(v, q) == 0) continue;
      if (q != from) send(from, q, -1);
      if (q != to) send(to, q, 1);
    }
    for (int64_t e = in_.indptr[v]; e < in_.indptr[v + 1]; ++e) {
      const int64_t u = in_.indices[e];
      const int32_t p = part_of_[u];
      if (p != from && targets(u, from) == 1) send(p, from, -1);
      if (p != to && targets(u, to) == 0) send(p, to, 1);
    }
  }

  double gain_of_change() const {
    double gain = 0;
    for (int32_t p = 0; p < parts_; ++p) {
      if (change_[p] == 0) continue;
      if (change_[p] > 0 && volume_[p] + change_[p] > most_volume_) return 0;
      const auto before = static_cast<double>(volume_[p]), after = static_cast<double>(volume_[p] + change_[p]);
      gain += penalty(before * scale_) - penalty(after * scale_);
    }
    return gain;
  }

  void move(int64_t v, int32_t from, int32_t to) {
    find_change(v, from, to);
    for (int32_t p = 0; p < parts_; ++p) volume_[p] += change_[p];
    for (int64_t e = in_.indptr[v]; e < in_.indptr[v + 1]; ++e) {
      --targets(in_.indices[e], from);
      ++targets(in_.indices[e], to);
    }
    --nodes_[from];
    ++nodes_[to];
    edges_[from] -= in_degree(v);
    edges_[to] += in_degree(v);
    part_of_[v] = to;
  }

  const int32_t parts_;
  std::vector<int32_t>& part_of_;
  Csr out_, in_;
  std::vector<int32_t> targets_;  ///< (nodes, parts): how many targets of u each part has
  std::vector<int64_t> nodes_, edges_, volume_, change_;
  std::vector<int32_t> neighbour_parts_;
  int64_t most_nodes_ = 0, most_edges_ = 0, most_volume_ = 0;
  double scale_ = 1;
};

}  // namespace

void refine_volume(const Csr& adjacency, Partition& partition) {
  if (partition.parts > 1) Refinement(adjacency, partition).run();
}

}  // namespace tersegraph
