#include <algorithm>
#include <cstring>

#include "base/byte_stream.h"
#include "base/error.h"
#include "comm/collectives.h"
#include "exchange/width_policy.h"

namespace tersegraph {
namespace {

/// The messages of one exchange whose widths are to be chosen: those to peers on other hosts.
struct Candidates {
  WidthLadder ladder;
  std::vector<int64_t> offsets;
  std::vector<float> weights, norms;

  MessageCosts costs() const { return {offsets, weights, norms}; }
};

void append(const std::vector<float>& sums, std::span<const float> factors, double scale, int64_t first, int64_t last,
            std::vector<float>& to) {
  for (int64_t k = first; k < last; ++k) {
    const auto i = static_cast<size_t>(k);
    to.push_back(static_cast<float>(static_cast<double>(sums[i]) * static_cast<double>(factors[i]) * scale));
  }
}

Candidates candidates(const WidthPolicy::Exchange& exchange, std::span<const int> widths,
                      std::span<const float> coefficients, const std::vector<bool>& chosen) {
  const WidthState::Exchange& state = exchange.state;
  const ExchangePlan& plan = *exchange.plan;
  Candidates all{WidthLadder(widths, state.cols), {0}, {}, {}};
  const double mean = 1 / static_cast<double>(std::max<int64_t>(1, state.passes));
  for (size_t q = 0; q < chosen.size(); ++q) {
    if (chosen[q]) {
      const int64_t first = plan.send_offsets[q], last = plan.send_offsets[q + 1];
      append(state.variances, coefficients, mean, first, last, all.weights);
      if (all.ladder.may_drop()) append(state.norms, coefficients, mean, first, last, all.norms);
    }
    all.offsets.push_back(std::ssize(all.weights));
  }
  return all;
}

/// The largest of each number over all ranks.
std::vector<float> largest(Channel& channel, std::vector<float> mine) {
  for (const auto& bytes : all_gather(channel, Traffic::setup, std::as_bytes(std::span<const float>(mine)))) {
    if (bytes.size() != mine.size() * sizeof(float)) fail_run("a rank has other exchanges than the others");
    for (size_t t = 0; t < mine.size(); ++t) {
      float other;
      std::memcpy(&other, bytes.data() + t * sizeof(float), sizeof(float));
      mine[t] = std::max(mine[t], other);
    }
  }
  return mine;
}

/// values = sum over ranks, in rank order, where most are zero: a rank's messages use few of the lanes, and few bins.
void sum_over_ranks(Channel& channel, std::span<double> values) {
  std::vector<std::byte> mine;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 0) continue;
    const auto place = static_cast<uint32_t>(i);
    append_values(mine, &place, 1);
    append_values(mine, &values[i], 1);
  }
  std::fill(values.begin(), values.end(), 0.0);
  for (const auto& bytes : all_gather(channel, Traffic::setup, mine)) {
    ByteReader reader(bytes, "a rank sent a malformed histogram of slopes");
    while (!reader.done()) {
      const auto place = reader.read<uint32_t>();
      const auto value = reader.read<double>();
      if (place >= values.size()) fail_run("a rank has other exchanges than the others");
      values[place] += value;
    }
  }
}

double fp32_bytes(const SlopeHistograms& histograms) {
  double bytes = 0;
  for (int t = 0; t < histograms.exchanges(); ++t) {
    for (int k = 0; k < histograms.lanes(); ++k) bytes += histograms.lane(t, k).fp32_bytes();
  }
  return bytes;
}

}  // namespace

/// Once for each plan.
void WidthPolicy::learn_coefficients() {
  std::map<const ExchangePlan*, const std::vector<float>*> known;
  for (auto& [key, exchange] : exchanges_) {
    WidthState::Exchange& state = exchange.state;
    const auto found = known.find(exchange.plan);
    if (!state.weighed) state.coefficients = found != known.end() ? *found->second : told_coefficients(*exchange.plan);
    state.weighed = true;
    known[exchange.plan] = &state.coefficients;
  }
}

/// Receivers tell senders.
std::vector<float> WidthPolicy::told_coefficients(const ExchangePlan& plan) {
  std::vector<float> squares(static_cast<size_t>(plan.rows_received()), 0.0f);
  const CsrView scatter = plan.scatter;
  for (int64_t e = 0; e < scatter.nnz(); ++e) squares[scatter.indices[e]] += scatter.value(e) * scatter.value(e);
  sum_at_readers(plan.shared, plan.receive_offsets, hosts_, channel_, squares);
  std::vector<std::vector<std::byte>> outgoing(channel_.size());
  for (int q = 0; q < channel_.size(); ++q) {
    const int64_t first = plan.receive_offsets[q], last = plan.receive_offsets[q + 1];
    if (plan.shared.reads(q)) append_values(outgoing[q], squares.data() + first, last - first);
  }
  std::vector<float> of_sent(static_cast<size_t>(plan.rows_sent()));
  const auto incoming = all_to_all(channel_, Traffic::setup, outgoing);
  for (int q = 0; q < channel_.size(); ++q) {
    const auto rows = static_cast<size_t>(plan.send_offsets[q + 1] - plan.send_offsets[q]);
    if (incoming[q].size() != rows * sizeof(float)) fail_run("rank {} sent malformed coefficients", q);
    if (rows > 0) std::memcpy(of_sent.data() + plan.send_offsets[q], incoming[q].data(), incoming[q].size());
  }
  return of_sent;
}

/// Means over the ranks and the cycle. Once: what is measured later would not be the same in another run.
void WidthPolicy::fix_hidden_seconds() {
  if (goal_.form != AssignerGoal::Form::slack || !goal_.hidden_seconds.empty()) return;
  for (const auto& [key, exchange] : exchanges_) {
    goal_.hidden_seconds.push_back(exchange.state.hidden_seconds /
                                   static_cast<double>(std::max<int64_t>(1, exchange.state.timed)));
  }
  all_reduce_sum(channel_, Traffic::setup, std::span(goal_.hidden_seconds));
  for (double& seconds : goal_.hidden_seconds) seconds /= channel_.size();
}

void WidthPolicy::decide() {
  raised_ = false;
  learn_coefficients();
  fix_hidden_seconds();
  std::vector<bool> chosen;
  for (int q = 0; q < channel_.size(); ++q) chosen.push_back(!exact_peer(q));
  std::vector<Candidates> all;
  std::vector<float> steepest;
  double extension = 0;
  for (const auto& [key, exchange] : exchanges_) {
    all.push_back(candidates(exchange, config_.widths, exchange.state.coefficients, chosen));
    steepest.push_back(steepest_step(all.back().ladder, all.back().costs()));
    extension += static_cast<double>(exchange.state.extension_bytes) /
                 static_cast<double>(std::max<int64_t>(1, exchange.state.passes));
  }
  steepest = largest(channel_, steepest);
  const std::vector<int> lane_of = lanes_->from(channel_.rank());
  SlopeHistograms histograms(static_cast<int>(all.size()), lanes_->count());
  int t = 0;
  for (const auto& [key, exchange] : exchanges_) {
    histograms.set_steepest(t, steepest[t]);
    histograms.add(t, all[t].ladder, exchange.state.cols, all[t].costs(), lane_of);
    ++t;
  }
  sum_over_ranks(channel_, histograms.values());
  all_reduce_sum(channel_, Traffic::setup, std::span(&extension, 1));

  AssignerGoal goal = goal_;
  if (goal.form == AssignerGoal::Form::bytes) {
    // Minima in fp32 take bytes too, at any width.
    goal.value = std::max(goal.value - extension / std::max(fp32_bytes(histograms), 1.0), 1e-9);
  }
  const WidthDecision decision = decide_widths(goal, histograms, *lanes_);
  t = 0;
  for (auto& [key, exchange] : exchanges_) {
    std::vector<uint8_t> widths(all[t].weights.size());
    assign_widths(decision, t, all[t].ladder, all[t].costs(), lane_of, widths);
    if (!exchange.mixed) fill_widths(exchange, config_.halo_bits());
    for (int q = 0; q < channel_.size(); ++q) {
      std::copy(widths.begin() + all[t].offsets[q], widths.begin() + all[t].offsets[q + 1],
                exchange.widths.send.begin() + exchange.plan->send_offsets[q]);
    }
    ++t;
  }
  report_.error = decision.error;
  report_.bytes = decision.bytes + extension;
  report_.seconds = 0;
  for (const double seconds : decision.seconds) report_.seconds += seconds;
  report_.met = decision.met;
  adopt();
}

/// From the next epoch on, on both ends; and a new cycle of tracing begins.
void WidthPolicy::adopt() {
  std::vector<const ExchangePlan*> plans;
  std::vector<ExchangeWidths*> widths;
  for (auto& [key, exchange] : exchanges_) {
    plans.push_back(exchange.plan);
    widths.push_back(&exchange.widths);
  }
  tell_widths(channel_, hosts_, plans, widths);
  for (auto& [key, exchange] : exchanges_) {
    WidthState::Exchange& state = exchange.state;
    exchange.widths.lay_out(*exchange.plan, state.cols);
    state.send = exchange.widths.send;
    state.receive = exchange.widths.receive;
    std::fill(state.variances.begin(), state.variances.end(), 0.0f);
    std::fill(state.norms.begin(), state.norms.end(), 0.0f);
    state.passes = state.extension_bytes = state.timed = 0;
    state.hidden_seconds = 0;
  }
  widths_changed_ = true;
}

}  // namespace tersegraph
