#include "exchange/width_policy.h"

#include <algorithm>

#include "base/error.h"
#include "comm/collectives.h"
#include "exchange/link_probe.h"
#include "exchange/link_words.h"

namespace tersegraph {
namespace {

/// Random widths draw from streams of their own, beyond the directions of rounding.
constexpr uint64_t kWidthDirections = uint64_t{1} << 32;

/// Early choices, from rows that are not yet what they will be: the first, at the widest width, cost most bytes.
constexpr int64_t kFirstChoice = 1, kSecondChoice = 10;

std::string name(std::pair<int, int> key) {
  return fmt::format("{}.{}", key.first != 0 ? "backward" : "forward", key.second);
}

void check_widths(const ExchangeConfig& config) {
  const WidthLadder ladder(config.widths, 1);
  if (config.policy == ExchangePolicy::random && ladder.may_drop()) {
    fail_input("--widths has 0, which --exchange random would draw for any row; it is for adaptive");
  }
}

}  // namespace

WidthPolicy::WidthPolicy(Channel& channel, const ExchangeConfig& config)
    : channel_(channel),
      config_(config),
      goal_(config.goal),
      hosts_(channel.communicator().host_of(), config.intra, channel.rank()) {
  if (!config.mixes_widths()) return;
  check_widths(config);
  if (config.assign_every < 1) fail_input("--assign-every is {}; it takes 1 or more", config.assign_every);
  if (config.policy == ExchangePolicy::adaptive) settle_links();
}

void WidthPolicy::settle_links() {
  const int hosts = *std::ranges::max_element(hosts_.host_of()) + 1;
  const std::vector<int>& host_of = channel_.communicator().host_of();
  const bool one_host = *std::max_element(host_of.begin(), host_of.end()) == 0;
  LinkModel links(hosts);
  link_words_ = config_.link;
  if (link_words_.empty() && config_.goal.form != AssignerGoal::Form::bytes && hosts > 1) {
    // What is used is what the words say, so that they repeat the run.
    link_words_ = one_host ? kLinkOnOneHost : print_links(probe_links(channel_, hosts_.host_of()));
  }
  if (!link_words_.empty()) links = parse_links(link_words_, hosts);
  lanes_.emplace(links, hosts_.host_of(), config_.schedule);
}

WidthPolicy::Exchange* WidthPolicy::prepare(const ExchangePlan& plan, int64_t cols, const When& when,
                                            ExchangePass& pass) {
  if (config_.policy == ExchangePolicy::exact || config_.policy == ExchangePolicy::sancus) return nullptr;
  if (exchanges_.empty()) start_ = when.epoch - 1;
  Exchange& exchange = exchanges_[{when.backward, when.layer}];
  if (exchange.plan == nullptr) bind(exchange, plan, cols, when);
  if (config_.policy == ExchangePolicy::random) draw_widths(exchange, when);
  pass.bits = config_.halo_bits();
  pass.widths = exchange.mixed ? &exchange.widths : nullptr;
  exchange.traced = traces(when.epoch);
  if (exchange.traced) {
    pass.trace.variances = exchange.state.variances.data();
    pass.trace.norms = exchange.state.norms.empty() ? nullptr : exchange.state.norms.data();
  }
  return &exchange;
}

/// The first use of an exchange in this process.
void WidthPolicy::bind(Exchange& exchange, const ExchangePlan& plan, int64_t cols, const When& when) {
  exchange.plan = &plan;
  WidthState::Exchange& state = exchange.state;
  const auto rows = static_cast<size_t>(plan.rows_sent()), received = static_cast<size_t>(plan.rows_received());
  const bool fits = state.cols == 0 || (state.cols == cols && (state.send.empty() || state.send.size() == rows) &&
                                        (state.receive.empty() || state.receive.size() == received) &&
                                        (state.variances.empty() || state.variances.size() == rows) &&
                                        (state.norms.empty() || state.norms.size() == rows) &&
                                        (state.coefficients.empty() || state.coefficients.size() == rows));
  if (!fits) {
    fail_run(
        "the bit-widths that were stored for layer {} are of another graph, partition, model or placement on hosts",
        when.layer);
  }
  widths_changed_ |= state.cols == 0;
  state.backward = when.backward;
  state.layer = when.layer;
  state.cols = cols;
  if (config_.policy == ExchangePolicy::adaptive) {
    state.variances.resize(rows);
    if (WidthLadder(config_.widths, cols).may_drop()) state.norms.resize(rows);
  }
  if (!state.send.empty() || !state.receive.empty()) {
    exchange.widths.send = state.send;
    exchange.widths.receive = state.receive;
    exchange.widths.lay_out(plan, cols);
    exchange.mixed = true;
  } else if (hosts_.any_together() && config_.policy != ExchangePolicy::random) {  // on both ends of a message alike
    fill_widths(exchange, config_.halo_bits());
  }
}

/// One width for all that goes between hosts.
void WidthPolicy::fill_widths(Exchange& exchange, int bits) {
  const ExchangePlan& plan = *exchange.plan;
  exchange.widths.send.assign(static_cast<size_t>(plan.rows_sent()), static_cast<uint8_t>(bits));
  exchange.widths.receive.assign(static_cast<size_t>(plan.rows_received()), static_cast<uint8_t>(bits));
  for (int q = 0; q < channel_.size(); ++q) {
    if (!exact_peer(q)) continue;
    std::fill(exchange.widths.send.begin() + plan.send_offsets[q],
              exchange.widths.send.begin() + plan.send_offsets[q + 1], uint8_t{32});
    std::fill(exchange.widths.receive.begin() + plan.receive_offsets[q],
              exchange.widths.receive.begin() + plan.receive_offsets[q + 1], uint8_t{32});
  }
  exchange.widths.lay_out(plan, exchange.state.cols);
  exchange.mixed = true;
}

/// Both ends draw the same numbers, so nothing needs to be told.
void WidthPolicy::draw_widths(Exchange& exchange, const When& when) {
  const int64_t cycle = (when.epoch - 1) / config_.assign_every;
  const bool known = exchange.state.drawn == cycle;
  if (known && exchange.mixed) return;
  exchange.state.drawn = cycle;
  widths_changed_ |= !known;
  fill_widths(exchange, config_.halo_bits());
  const auto ranks = static_cast<uint64_t>(channel_.size()), mine = static_cast<uint64_t>(channel_.rank());
  const auto draw = [&](uint64_t from, uint64_t to, int64_t first, int64_t last, std::vector<uint8_t>& widths) {
    const StreamKey key(when.seed, Purpose::rounding, Direction{kWidthDirections + from * ranks + to}, cycle,
                        2 * when.layer + when.backward);
    for (int64_t k = first; k < last; ++k) {
      const uint64_t pick = (key.row(k - first) >> 32) * config_.widths.size() >> 32;
      widths[static_cast<size_t>(k)] = static_cast<uint8_t>(config_.widths[pick]);
    }
  };
  const ExchangePlan& plan = *exchange.plan;
  for (int q = 0; q < channel_.size(); ++q) {
    if (exact_peer(q)) continue;
    const auto peer = static_cast<uint64_t>(q);
    const auto reader = static_cast<uint64_t>(plan.shared.shared(q) ? plan.shared.reader[q] : channel_.rank());
    draw(mine, peer, plan.send_offsets[q], plan.send_offsets[q + 1], exchange.widths.send);
    draw(peer, reader, plan.receive_offsets[q], plan.receive_offsets[q + 1], exchange.widths.receive);
  }
  exchange.widths.lay_out(plan, exchange.state.cols);
}

void WidthPolicy::done(Exchange& exchange, int64_t extension_bytes, double hidden_seconds) {
  ++exchange.state.timed;
  exchange.state.passes += exchange.traced;
  exchange.state.extension_bytes += exchange.traced ? extension_bytes : 0;
  exchange.state.hidden_seconds += hidden_seconds;
}

bool WidthPolicy::due(int64_t epoch) const {
  epoch -= start_;
  // The first epoch's times are not those of others.
  const bool measures = goal_.form == AssignerGoal::Form::slack && goal_.hidden_seconds.empty();
  if (epoch % config_.assign_every == 0) return !(measures && epoch == kFirstChoice);
  return (epoch == kFirstChoice && !measures) || (epoch == kSecondChoice && epoch < config_.assign_every);
}

/// Tracing costs a fifth of the encoding, and rows change slowly.
bool WidthPolicy::traces(int64_t epoch) const {
  constexpr int64_t kTraceEvery = 4;
  epoch -= start_;
  return config_.policy == ExchangePolicy::adaptive &&
         (epoch <= kSecondChoice || config_.assign_every < 2 * kTraceEvery || epoch % kTraceEvery == 0);
}

void WidthPolicy::end_epoch(int64_t epoch) {
  if (config_.policy == ExchangePolicy::exact || channel_.size() == 1) return;
  if (widths_changed_) count_bits();
  if (config_.policy != ExchangePolicy::adaptive) return;
  if (epoch - start_ == kFirstChoice && !due(epoch)) {
    for (auto& [key, exchange] : exchanges_) exchange.state.hidden_seconds = 0, exchange.state.timed = 0;
  }
  const bool traced = !exchanges_.empty() && exchanges_.begin()->second.state.passes > 0;
  if (traced && (due(epoch) || raised_)) decide();
}

bool WidthPolicy::checked(int64_t epoch) const {
  return config_.policy == ExchangePolicy::adaptive && channel_.size() > 1 && config_.guard_every > 0 &&
         (epoch - start_) % config_.guard_every == 0;
}

bool WidthPolicy::raise_floor() {
  if (config_.widths.size() == 1) return false;
  std::erase(config_.widths, floor());
  return raised_ = true;
}

/// The mean bits of each exchange, over all ranks.
void WidthPolicy::count_bits() {
  widths_changed_ = false;
  if (!config_.mixes_widths() && !hosts_.any_together()) {
    for (const auto& [key, exchange] : exchanges_) report_.bits[name(key)] = config_.halo_bits();
    return;
  }
  std::vector<int64_t> sums;
  for (const auto& [key, exchange] : exchanges_) {
    int64_t bits = 0, values = 0;
    for (int q = 0; exchange.mixed && q < channel_.size(); ++q) {
      bits += exchange.widths.sent(q).value_bits();
      values += exchange.widths.sent(q).values();
    }
    if (!exchange.mixed) {
      values = exchange.plan->rows_sent() * exchange.state.cols;
      bits = values * config_.halo_bits();
    }
    sums.insert(sums.end(), {bits, values});
  }
  all_reduce_sum(channel_, Traffic::setup, std::span(sums));
  size_t k = 0;
  for (const auto& [key, exchange] : exchanges_) {
    const auto bits = static_cast<double>(sums[k++]), values = static_cast<double>(sums[k++]);
    if (values > 0) report_.bits[name(key)] = bits / values;
  }
}

std::map<std::string, double> WidthPolicy::hidden_seconds() const {
  std::map<std::string, double> named;
  size_t t = 0;
  for (const auto& [key, exchange] : exchanges_) {
    if (t < goal_.hidden_seconds.size()) named[name(key)] = goal_.hidden_seconds[t++];
  }
  return named;
}

WidthState WidthPolicy::state() const {
  WidthState state;
  for (const auto& [key, exchange] : exchanges_) state.exchanges.push_back(exchange.state);
  state.hidden_seconds = goal_.hidden_seconds;
  state.report = report_;
  state.changed = widths_changed_;
  state.start = start_;
  state.floor = config_.policy == ExchangePolicy::adaptive ? floor() : 0;
  state.raised = raised_;
  return state;
}

void WidthPolicy::restore(WidthState state) {
  exchanges_.clear();
  for (WidthState::Exchange& stored : state.exchanges) {
    exchanges_[{stored.backward, stored.layer}].state = std::move(stored);
  }
  goal_.hidden_seconds = std::move(state.hidden_seconds);
  report_ = std::move(state.report);
  widths_changed_ = state.changed;
  start_ = state.start;
  raised_ = state.raised;
  if (state.floor <= config_.halo_bits()) std::erase_if(config_.widths, [&](int bits) { return bits < state.floor; });
}

}  // namespace tersegraph
