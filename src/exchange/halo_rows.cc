#include "exchange/halo_rows.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/error.h"
#include "comm/collectives.h"

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

/// bundles = the rows of x that row_of names; what is left of a peer's last bundle repeats its last row, which leaves
/// the minimum and the scale as they are.
template <class RowOf>
void pack(const std::vector<int64_t>& offsets, int64_t each, ConstMatrixView x, RowOf row_of, MatrixView bundles) {
  const size_t bytes = static_cast<size_t>(x.cols) * sizeof(float);
  int64_t next = 0;
  const auto fill_up = [&](int64_t place) {
    for (; next < place; next += x.cols) std::memcpy(bundles.data + next, bundles.data + next - x.cols, bytes);
  };
  for_each_row(offsets, each, x.cols, [&](int64_t k, int64_t place) {
    fill_up(place);
    std::memcpy(bundles.data + place, x.row(row_of(k)), bytes);
    next = place + x.cols;
  });
  fill_up(bundles.size());
}

const ExchangeConfig& checked(const ExchangeConfig& config) {
  if (config.stale()) fail_input("pipe and sancus are for models of the program, not for rows that others use");
  if (!valid_bits(config.halo_bits())) {
    fail_input("bits={}: a row is sent at 1 to 8 bits a value, at 16 (bfloat16) or at 32", config.bits);
  }
  return config;
}

}  // namespace

HaloRows::HaloRows(Channel& channel, HaloNodes nodes, const ExchangeConfig& config)
    : channel_(channel),
      nodes_(std::move(nodes)),
      coded_(checked(config).halo_bits() <= 8),
      widths_(channel, config),
      exchange_(channel) {
  learn_rows(channel);
}

/// Each rank tells the others which of their rows it needs.
void HaloRows::learn_rows(Channel& channel) {
  std::vector<std::vector<std::byte>> wanted;
  const auto halo = std::as_bytes(std::span(nodes_.halo));
  for (int q = 0; q < channel.size(); ++q) {
    const size_t first = static_cast<size_t>(nodes_.halo_offsets[q]) * sizeof(int64_t);
    const size_t last = static_cast<size_t>(nodes_.halo_offsets[q + 1]) * sizeof(int64_t);
    wanted.emplace_back(halo.begin() + first, halo.begin() + last);
  }
  send_offsets_.assign(1, 0);
  for (const std::vector<std::byte>& bytes : all_to_all(channel, Traffic::setup, wanted)) {
    std::vector<int64_t> ids(bytes.size() / sizeof(int64_t));
    if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), ids.size() * sizeof(int64_t));
    for (const int64_t id : ids) {
      const auto found = std::lower_bound(nodes_.owned.begin(), nodes_.owned.end(), id);
      if (found == nodes_.owned.end() || *found != id) {
        fail_run("rank {} is asked for node {}, which it does not own: the ranks' partitions differ", channel.rank(),
                 id);
      }
      send_rows_.push_back(static_cast<int32_t>(found - nodes_.owned.begin()));
    }
    send_offsets_.push_back(std::ssize(send_rows_));
  }
}

const HaloRows::Bundles& HaloRows::bundles(int64_t cols, bool coded) {
  const int64_t each = coded ? std::max<int64_t>(1, kBundle / cols) : 1;
  const auto [found, added] = bundles_.try_emplace(each);
  if (!added) return found->second;
  std::vector<int64_t> send_ids;
  for (const int32_t row : send_rows_) send_ids.push_back(nodes_.owned[row]);
  Bundles& made = found->second;
  made.each = each;
  ExchangePlan& plan = made.forward;
  plan.send_offsets = bundled(send_offsets_, each);
  plan.receive_offsets = bundled(nodes_.halo_offsets, each);
  plan.send_ids = first_ids(send_ids, send_offsets_, each);
  plan.receive_ids = first_ids(nodes_.halo, nodes_.halo_offsets, each);
  plan.gather = identity(plan.rows_sent());
  plan.scatter = identity(plan.rows_received());
  made.backward = plan_backward(plan);
  return made;
}

/// incoming_ = what the others have in outgoing_.
void HaloRows::run(const ExchangePlan& plan, const AggregationPass& pass, bool backward) {
  const Direction direction = backward ? Direction::backward(channel_.rank()) : Direction::forward();
  ExchangePass sent{pass.kind, 32, StreamKey(pass.seed, Purpose::rounding, direction, pass.epoch, pass.layer)};
  WidthPolicy::Exchange* adapted = nullptr;
  if (pass.training) {
    adapted = widths_.prepare(plan, outgoing_.cols(), {backward, pass.layer, pass.seed, pass.epoch}, sent);
  }
  incoming_.reshape(plan.rows_received(), outgoing_.cols());
  incoming_.fill(0);
  PhaseSeconds seconds;
  exchange_.start(plan, outgoing_, sent);
  if (adapted != nullptr) widths_.done(*adapted, exchange_.extension_bytes(), 0);
  exchange_.finish(incoming_, seconds);
}

void HaloRows::forward(ConstMatrixView x, MatrixView halo, const AggregationPass& pass) {
  const int64_t cols = x.cols;
  const Bundles& plans = bundles(cols, pass.training && coded_);
  outgoing_.reshape(plans.forward.rows_sent(), plans.each * cols);
  pack(
      send_offsets_, plans.each, x, [&](int64_t k) { return send_rows_[k]; }, outgoing_);
  run(plans.forward, pass, false);
  for_each_row(nodes_.halo_offsets, plans.each, cols, [&](int64_t k, int64_t place) {
    std::memcpy(halo.row(k), incoming_.data() + place, static_cast<size_t>(cols) * sizeof(float));
  });
}

void HaloRows::backward(ConstMatrixView of_halo, MatrixView gradient, const AggregationPass& pass) {
  const int64_t cols = of_halo.cols;
  const Bundles& plans = bundles(cols, pass.training && coded_);
  outgoing_.reshape(plans.backward.rows_sent(), plans.each * cols);
  pack(
      nodes_.halo_offsets, plans.each, of_halo, [](int64_t k) { return k; }, outgoing_);
  run(plans.backward, pass, true);
  for_each_row(send_offsets_, plans.each, cols, [&](int64_t k, int64_t place) {
    float* const row = gradient.row(send_rows_[k]);
    const float* const came = incoming_.data() + place;
    for (int64_t c = 0; c < cols; ++c) row[c] += came[c];
  });
}

}  // namespace tersegraph
