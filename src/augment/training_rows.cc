#include "augment/training_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "augment/feature_rows.h"
#include "augment/fetch_halo.h"
#include "augment/hop_plan.h"
#include "augment/hop_scale.h"
#include "augment/sparse_product.h"
#include "comm/collectives.h"
#include "kernels/spmm.h"

namespace tersegraph {
namespace {

struct Filled {
  int64_t rows, entries;
};

/// The sums over all ranks, by which they decide alike, and alike however many they are.
Filled on_all(Filled mine, Channel& channel) {
  std::array<int64_t, 2> sums{mine.rows, mine.entries};
  all_reduce_sum(channel, Traffic::placement, std::span(sums));
  return {sums[0], sums[1]};
}

/// Rows of a hop are worked with sparse while less than a quarter of their cells are filled. Beyond that dense ones
/// take at most twice the memory, and are summed ten times as fast.
bool work_sparse(Filled filled, int64_t cols) {
  return 4 * filled.entries < filled.rows * cols;
}

int64_t count_entries(const Features& x) {
  return x.is_sparse ? x.sparse.nnz() : x.dense.size() - std::count(x.dense.data(), x.dense.row(x.rows()), 0.0f);
}

/// Columns of X, hop after hop.
class Columns {
 public:
  /// Rows that are dense from the first hop on stay so: they are put where they belong at once.
  Columns(int64_t rows, int64_t hops, const Features& h) : width_(h.cols()), dense_(!h.is_sparse) {
    if (dense_) all_.dense.reshape(rows, hops * width_);
  }

  void append(Features hop) {
    if (dense_) {
      place(hop, all_.dense, width_ * count_);
    } else {
      hops_.push_back(std::move(hop));
    }
    ++count_;
  }

  Features join(Channel& channel) && {
    if (dense_) return std::move(all_);
    int64_t nnz = 0;
    for (const Features& hop : hops_) nnz += count_entries(hop);
    const Filled filled = on_all({hops_[0].rows(), nnz}, channel);
    all_.is_sparse = sparse_is_smaller(filled.rows, width_ * count_, filled.entries);
    if (all_.is_sparse) {
      join_sparse(nnz);
    } else {
      all_.dense.reshape(hops_[0].rows(), width_ * count_);
      all_.dense.fill(0.0f);
      for (int64_t k = 0; k < count_; ++k) place(std::exchange(hops_[k], {}), all_.dense, width_ * k);
    }
    return std::move(all_);
  }

 private:
  void join_sparse(int64_t nnz) {
    Csr& x = all_.sparse;
    x.cols = width_ * count_;
    x.indices.reserve(nnz);
    x.values.reserve(nnz);
    for (int64_t i = 0; i < hops_[0].rows(); ++i) {
      for (int64_t k = 0; k < count_; ++k) append_row(hops_[k], i, static_cast<int32_t>(width_ * k));
      x.indptr.push_back(std::ssize(x.indices));
    }
  }

  void append_row(const Features& hop, int64_t i, int32_t column) {
    if (!hop.is_sparse) {
      for (int32_t j = 0; j < width_; ++j) {
        if (hop.dense(i, j) == 0.0f) continue;
        all_.sparse.indices.push_back(column + j);
        all_.sparse.values.push_back(hop.dense(i, j));
      }
      return;
    }
    const CsrView x = hop.sparse;
    for (int64_t e = x.begin(i); e < x.end(i); ++e) all_.sparse.indices.push_back(column + x.indices[e]);
    all_.sparse.values.insert(all_.sparse.values.end(), x.values + x.begin(i), x.values + x.end(i));
  }

  int64_t width_, count_ = 0;
  bool dense_;
  std::vector<Features> hops_;
  Features all_;
};

/// The rows of one hop after the other: what is owned of them, with room for what is fetched beneath.
class Hops {
 public:
  Hops(const Features& h, const HopRows& rows, const OrderedAggregation& aggregation, Channel& channel)
      : aggregation_(aggregation),
        channel_(channel),
        exchange_(channel),
        rows_(take_rows(h, rows.owned, rows.halo_count())) {
    if (!rows_.is_sparse || work_sparse(on_all({rows_.rows(), rows_.sparse.nnz()}, channel), rows_.cols())) return;
    next_.dense.reshape(rows_.rows() + rows.halo_count(), rows_.cols());
    next_.dense.fill(0.0f);
    place(rows_, next_.dense, 0);
    rows_ = std::exchange(next_, {});
  }

  const Features& rows() const { return rows_; }

  /// From the rows of hop k to those of hop k + 1.
  void advance(const HopRows& from, const HopRows& to) {
    if (channel_.size() > 1) {
      if (rows_.is_sparse) {
        fetch_halo(channel_, from.exchange, rows_.sparse);
      } else {
        fetch_halo(exchange_, from.exchange, rows_.dense, Traffic::placement);
      }
    }
    const bool everything =
        std::ssize(to.owned) == aggregation_.shard().owned_count() && from.count() == std::ssize(from.position);
    const Csr between = everything ? Csr() : operator_between(aggregation_.operator_rows(), from, to);
    multiply(everything ? aggregation_.operator_rows() : between, to.halo_count());
    std::swap(rows_, next_);
  }

 private:
  void multiply(CsrView a, int64_t room) {
    next_.is_sparse = false;
    if (!rows_.is_sparse) {
      next_.dense.reshape(a.rows + room, rows_.cols());
      spmm(a, rows_.dense, {next_.dense.data(), a.rows, rows_.cols()});
      return;
    }
    std::vector<int64_t> indptr = product_indptr(a, rows_.sparse);
    const int64_t cols = rows_.cols();
    next_.is_sparse = work_sparse(on_all({a.rows, indptr.back()}, channel_), cols);
    if (next_.is_sparse) {
      next_.sparse.cols = cols;
      next_.sparse.indptr = std::move(indptr);
      sparse_product(a, rows_.sparse, next_.sparse);
    } else {
      next_.dense.reshape(a.rows + room, cols);
      sparse_product(a, rows_.sparse, next_.dense);
      rows_ = {};
    }
  }

  const OrderedAggregation& aggregation_;
  Channel& channel_;
  HaloExchange exchange_;
  Features rows_, next_;
};

/// 1 where the rows do not differ, or so little that fp32 cannot tell the inverse.
float scale_of(double apart, size_t hops) {
  const double inverse = 1.0 / (apart * std::sqrt(static_cast<double>(hops)));
  return inverse <= std::numeric_limits<float>::max() ? static_cast<float>(inverse) : 1.0f;
}

}  // namespace

TrainingRows compute_training_rows(const Features& h, const OrderedAggregation& aggregation,
                                   const std::vector<int64_t>& training, const HopConfig& config, Channel& channel) {
  const std::vector<HopRows> plan = plan_hops(aggregation, training, config.hops, config.last_hop_only, channel);
  TrainingRows result;
  result.scales.assign(config.last_hop_only ? 1 : static_cast<size_t>(config.hops) + 1, 1.0f);
  Columns columns(std::ssize(training), std::ssize(result.scales), h);
  Hops hops(h, plan[0], aggregation, channel);
  std::vector<int64_t> at(training.size());
  for (int k = 0; k <= config.hops; ++k) {
    if (k > 0) hops.advance(plan[k - 1], plan[k]);
    if (config.last_hop_only && k < config.hops) continue;
    for (size_t i = 0; i < at.size(); ++i) at[i] = plan[k].position[training[i]];
    Features rows = take_rows(hops.rows(), at);
    if (config.scale_hops) {
      float& factor = result.scales[config.last_hop_only ? 0 : k];
      factor = scale_of(spread(rows, channel), result.scales.size());
      scale(rows, factor);
    }
    columns.append(std::move(rows));
  }
  result.rows = std::move(columns).join(channel);
  return result;
}

}  // namespace tersegraph
