#include "plan/rank_clock.h"

#include <algorithm>
#include <cmath>

namespace tersegraph {

double RankClock::spread(const std::string& kind, double seconds) const {
  const double threads = placement_.threads, active = threads * placement_.ranks_here();
  return seconds / (threads * rates_.share(kind, active));
}

double RankClock::spmm(const char* phase, int64_t entries, int64_t rows, int64_t cols) {
  const double begins = rates_.number("spmm_row") * static_cast<double>(rows * cols);
  return add(phase, spread("gather", static_cast<double>(entries) * entry(work_.reuse, cols) + begins));
}

double RankClock::gemm(const std::string& table, int64_t rows, int64_t inner, int64_t outer) {
  const double seconds = rates_.at(table, static_cast<double>(inner), static_cast<double>(outer));
  return add("gemm", spread("gemm", seconds * static_cast<double>(rows) * static_cast<double>(inner * outer)));
}

double RankClock::input_gemm(const std::string& table, int64_t rows, const GraphConv& conv, const InputWork& input) {
  if (input.entries == 0) return gemm(table, rows, conv.in, conv.out);
  const auto entries = static_cast<double>(input.entries);
  if (table == "gemm") return add("gemm", spread("gather", entries * entry(input.reuse, conv.out)));
  const double bytes = 4.0 * static_cast<double>(rows * conv.out);  // gathers rows of gradients, not of weights
  return add("spmm", spread("gather", entries * entry(bytes, conv.out)));
}

double RankClock::memory(const char* phase, int64_t count) {
  const double bytes = sizeof(float) * static_cast<double>(count);
  return add(phase, spread("stream", copied(bytes) / 2 * bytes));
}

double RankClock::optimizer() {
  const auto count = static_cast<double>(work_.parameters), bytes = 4 * sizeof(float) * count;
  return add("optimizer", spread("stream", rates_.number("optimizer") * count + far_byte(bytes) / 2 * bytes));
}

double RankClock::values(const char* phase, const std::string& number, int64_t count) {
  return add(phase, spread("stream", rates_.number(number) * static_cast<double>(count)));
}

double RankClock::activation(int64_t rows, int64_t cols, bool backward) {
  const std::string name = config_.model.norm == NormKind::layer ? "norm" : "activation";
  return values("activation", backward ? name + "_backward" : name, rows * cols);
}

double RankClock::encode(const HaloWork& halo, double bytes) {
  const auto cols = static_cast<double>(halo.cols), gathered = static_cast<double>(halo.gathered),
             sent = static_cast<double>(halo.rows_sent());
  const double from = sizeof(float) * cols * static_cast<double>(work_.owned);
  const double rows = sent * cols * (rates_.at("encode", bits_.mean(), cols) + far_value("encode_far", from));
  const double sums =
      gathered > sent ? sent * rates_.number("sum_row") + (gathered - sent) * entry(from, halo.cols) : 0;
  return add("encode", spread("stream", rows + sums) + sealed(bytes) + delivered(bytes));
}

double RankClock::accumulate(const HaloWork& halo, double bytes) {
  const auto cols = static_cast<double>(halo.cols), scattered = static_cast<double>(halo.scattered);
  const double sums = sizeof(float) * cols * static_cast<double>(work_.owned);
  const double value = rates_.at("decode", bits_.mean(), cols) + far_value("decode_far", sums);
  return add("accumulate", spread("stream", scattered * cols * value) + sealed(bytes));
}

double RankClock::reduce(double bytes, int peers) const {
  const double part = bytes / peers;
  return 2 * sealed(2 * bytes) + delivered(2 * bytes) + (bytes + 2 * part) * copied(2 * (bytes + part));
}

double RankClock::sockets(double bytes) const {
  if (placement_.hosts() == 1) return 0;
  const double share = rates_.share("stream", placement_.ranks_here()), way = placement_.one_machine ? 2 : 1;
  return way * bytes * (rates_.number("socket") + copied(bytes)) / share;
}

double RankClock::add(const std::string& phase, double seconds) {
  phases[phase] += seconds;
  return seconds;
}

double RankClock::entry(double bytes, int64_t cols) const {
  return rates_.at("spmm", static_cast<double>(cols), in_use(bytes)) * beyond("spmm", cols);
}

double RankClock::entry(const ReuseHistogram& reuse, int64_t cols) const {
  double seconds = 0, gathers = 1e-9;
  for (size_t k = 0; k < reuse.size(); ++k) {
    if (reuse[k] == 0) continue;
    const double between = std::exp2(static_cast<double>(k) + 0.5) * 4 * static_cast<double>(cols);
    seconds += static_cast<double>(reuse[k]) * entry(between, cols);
    gathers += static_cast<double>(reuse[k]);
  }
  return seconds / gathers;
}

double RankClock::far_value(const char* table, double bytes) const {
  return std::max(rates_.at(table, bits_.mean(), in_use(bytes)) - rates_.at(table, bits_.mean(), Rates::kCached), 0.0);
}

double RankClock::beyond(const std::string& table, int64_t cols) const {
  return std::max(1.0, static_cast<double>(cols) / rates_.tables.at(table).x.back());
}

}  // namespace tersegraph
