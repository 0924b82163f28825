#include "exchange/halo_rows.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/parallel.h"
#include "graph/shard.h"

namespace tersegraph {
namespace {

Csr identity(int64_t rows) {
  Csr one;
  one.cols = rows;
  one.indptr.resize(rows + 1);
  std::iota(one.indptr.begin(), one.indptr.end(), int64_t{0});
  one.indices.resize(rows);
  std::iota(one.indices.begin(), one.indices.end(), 0);
  return one;
}

std::vector<int64_t> bundled(const std::vector<int64_t>& offsets, int64_t each) {
  std::vector<int64_t> bundles{0};
  for (size_t q = 1; q < offsets.size(); ++q) {
    bundles.push_back(bundles.back() + (offsets[q] - offsets[q - 1] + each - 1) / each);
  }
  return bundles;
}

/// Columns of the last bundle to each rank.
std::vector<int64_t> last_bundles(const std::vector<int64_t>& offsets, int64_t each, int64_t cols) {
  std::vector<int64_t> last;
  for (size_t q = 1; q < offsets.size(); ++q) {
    const int64_t rows = offsets[q] - offsets[q - 1];
    last.push_back(rows == 0 ? 0 : ((rows - 1) % each + 1) * cols);
  }
  return last;
}

/// A bundle draws its random numbers by the id of its first row.
std::vector<int64_t> first_ids(const std::vector<int64_t>& ids, const std::vector<int64_t>& offsets, int64_t each) {
  std::vector<int64_t> first;
  for (size_t q = 1; q < offsets.size(); ++q) {
    for (int64_t k = offsets[q - 1]; k < offsets[q]; k += each) first.push_back(ids[k]);
  }
  return first;
}

/// Calls body(k, place) for every row k, in order; its `cols` values stand at place in the bundles.
template <class Body>
void for_each_row(const std::vector<int64_t>& offsets, int64_t each, int64_t cols, Body&& body) {
  int64_t bundle = 0;
  for (size_t q = 1; q < offsets.size(); ++q) {
    const int64_t first = offsets[q - 1], rows = offsets[q] - first;
    for (int64_t k = 0; k < rows; ++k) body(first + k, (bundle * each + k) * cols);
    bundle += (rows + each - 1) / each;
  }
}

/// y = what came, whose last row of each rank may be shorter.
void decode(const ExchangePlan& plan, std::span<const EncodedRow> came, MatrixView y) {
  constexpr int64_t kBlockRows = 64;
  for (size_t q = 0; q + 1 < plan.receive_offsets.size(); ++q) {
    const int64_t first = plan.receive_offsets[q], last = plan.receive_offsets[q + 1] - 1;
    if (last < first) continue;
    parallel_blocks(last - first, kBlockRows, [&](int64_t begin, int64_t end) {
      for (int64_t k = first + begin; k < first + end; ++k) decode_row(came[k], y.cols, y.row(k));
    });
    decode_row(came[last], plan.last_cols_received(q, y.cols), y.row(last));
  }
}

const ExchangeConfig& checked(const ExchangeConfig& config) {
  if (config.stale()) fail_input("pipe and sancus are for models of the program, not for rows that others use");
  if (!valid_bits(config.halo_bits())) {
    fail_input("bits={}: a row is sent at 1 to 8 bits a value, at 16 (bfloat16) or at 32", config.bits);
  }
  return config;
}

/// Each rank tells the others which of their rows it needs.
ExchangePlan plan_rows(Channel& channel, HaloNodes nodes) {
  Shard shard;
  shard.rank = channel.rank();
  shard.ranks = channel.size();
  shard.owned = std::move(nodes.owned);
  shard.halo = std::move(nodes.halo);
  shard.halo_offsets = std::move(nodes.halo_offsets);
  return plan_forward(shard, identity(shard.halo_count()), RowChoice::sources, channel);
}

ExchangePlan plan_bundles(const ExchangePlan& rows, int64_t each, int64_t cols) {
  ExchangePlan plan;
  plan.send_offsets = bundled(rows.send_offsets, each);
  plan.receive_offsets = bundled(rows.receive_offsets, each);
  plan.send_ids = first_ids(rows.send_ids, rows.send_offsets, each);
  plan.receive_ids = first_ids(rows.receive_ids, rows.receive_offsets, each);
  plan.gather = identity(plan.rows_sent());
  plan.scatter = identity(plan.rows_received());
  plan.send_last_cols = last_bundles(rows.send_offsets, each, cols);
  plan.receive_last_cols = last_bundles(rows.receive_offsets, each, cols);
  return plan;
}

}  // namespace

HaloRows::HaloRows(Channel& channel, HaloNodes nodes, const ExchangeConfig& config)
    : channel_(channel),
      coded_(checked(config).halo_bits() <= 8),
      rows_(plan_rows(channel, std::move(nodes))),
      widths_(channel, config),
      exchange_(channel) {}

/// Null: rows on their own.
const HaloRows::Plans* HaloRows::bundles(int64_t cols, bool training) {
  if (!training || !coded_ || cols < 1 || 2 * cols > kBundle) return nullptr;
  const int64_t each = kBundle / cols;
  const auto [found, added] = bundles_.try_emplace(cols);
  if (added) found->second = Plans(plan_bundles(rows_.forward, each, cols), each);
  return &found->second;
}

void HaloRows::start(const ExchangePlan& plan, ConstMatrixView x, const AggregationPass& pass, bool backward) {
  const Direction direction = backward ? Direction::backward(channel_.rank()) : Direction::forward();
  ExchangePass sent{pass.kind, 32, StreamKey(pass.seed, Purpose::rounding, direction, pass.epoch, pass.layer)};
  WidthPolicy::Exchange* adapted = nullptr;
  if (pass.training) adapted = widths_.prepare(plan, x.cols, {backward, pass.layer, pass.seed, pass.epoch}, sent);
  exchange_.start(plan, x, sent);
  if (adapted != nullptr) widths_.done(*adapted, exchange_.extension_bytes(), 0);
}

/// incoming_ = what the others have in outgoing_.
void HaloRows::exchange_bundles(const ExchangePlan& plan, const AggregationPass& pass, bool backward) {
  PhaseSeconds seconds;
  start(plan, outgoing_, pass, backward);
  incoming_.reshape(plan.rows_received(), outgoing_.cols());
  decode(plan, exchange_.take(seconds), incoming_);
}

void HaloRows::exchange_rows(const ExchangePlan& plan, ConstMatrixView x, MatrixView y, const AggregationPass& pass,
                             bool backward) {
  PhaseSeconds seconds;
  start(plan, x, pass, backward);
  exchange_.finish(y, seconds);
}

void HaloRows::forward(ConstMatrixView x, MatrixView halo, const AggregationPass& pass) {
  const int64_t cols = x.cols;
  const Plans* const bundled = bundles(cols, pass.training);
  if (bundled == nullptr) {
    std::fill_n(halo.data, halo.size(), 0.0f);
    return exchange_rows(rows_.forward, x, halo, pass, false);
  }
  outgoing_.reshape(bundled->forward.rows_sent(), bundled->each * cols);
  for_each_row(rows_.forward.send_offsets, bundled->each, cols, [&](int64_t k, int64_t place) {
    std::copy_n(x.row(rows_.forward.gather.indices[k]), cols, outgoing_.data() + place);
  });
  exchange_bundles(bundled->forward, pass, false);
  for_each_row(rows_.forward.receive_offsets, bundled->each, cols,
               [&](int64_t k, int64_t place) { std::copy_n(incoming_.data() + place, cols, halo.row(k)); });
}

void HaloRows::backward(ConstMatrixView of_halo, MatrixView gradient, const AggregationPass& pass) {
  const int64_t cols = of_halo.cols;
  const Plans* const bundled = bundles(cols, pass.training);
  if (bundled == nullptr) return exchange_rows(rows_.backward, of_halo, gradient, pass, true);
  outgoing_.reshape(bundled->backward.rows_sent(), bundled->each * cols);
  for_each_row(rows_.forward.receive_offsets, bundled->each, cols,
               [&](int64_t k, int64_t place) { std::copy_n(of_halo.row(k), cols, outgoing_.data() + place); });
  exchange_bundles(bundled->backward, pass, true);
  for_each_row(rows_.forward.send_offsets, bundled->each, cols, [&](int64_t k, int64_t place) {
    float* const row = gradient.row(rows_.forward.gather.indices[k]);
    const float* const came = incoming_.data() + place;
    for (int64_t c = 0; c < cols; ++c) row[c] += came[c];
  });
}

}  // namespace tersegraph
