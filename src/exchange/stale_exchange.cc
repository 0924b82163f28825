#include "exchange/stale_exchange.h"

#include "base/error.h"
#include "base/parallel.h"
#include "exchange/pipe_exchange.h"
#include "exchange/sancus_exchange.h"

namespace tersegraph {
namespace {

constexpr int64_t kBlock = 256;

/// average = weight * average + (1 - weight) * row
void blend(const EncodedRow& row, float weight, std::span<float> average, std::vector<float>& decoded) {
  decoded.resize(average.size());
  decode_row(row, std::ssize(average), decoded.data());
  for (size_t j = 0; j < average.size(); ++j) average[j] = weight * average[j] + (1 - weight) * decoded[j];
}

}  // namespace

void StaleExchange::meet(const ExchangePlan& plan, int64_t cols, const ExchangePass& pass) {
  pass_ = pass;
  if (plan_ == &plan) return;
  plan_ = &plan;
  make_room(stored_, plan.rows_received(), cols);
  for (int64_t k = 0; k < stored_.rows(); ++k) {
    views_.push_back({reinterpret_cast<const std::byte*>(stored_.row(k)), {}, 32});
  }
}

void StaleExchange::store(float smoothing, PhaseSeconds& seconds) {
  const std::span<const EncodedRow> arrived = exchange_.take(seconds);
  PhaseTimer timer(seconds, "accumulate");
  const bool blends = has_stored_ && smoothing > 0;
  parallel_blocks(stored_.rows(), kBlock, [&](int64_t begin, int64_t end) {
    static thread_local std::vector<float> decoded;
    for (int64_t k = begin; k < end; ++k) {
      if (arrived[k].payload == nullptr) continue;
      if (blends) {
        blend(arrived[k], smoothing, {stored_.row(k), static_cast<size_t>(stored_.cols())}, decoded);
      } else {
        decode_row(arrived[k], stored_.cols(), stored_.row(k));
      }
    }
  });
  has_stored_ = true;
}

void StaleExchange::accumulate(MatrixView y, PhaseSeconds& seconds) {
  accumulate_halo(*plan_, views_.data(), y, seconds);
}

void StaleExchange::append(std::vector<std::byte>& bytes) const {
  append(stored_, bytes);
}

void StaleExchange::read(ByteReader& reader) {
  read(stored_, reader);
  has_stored_ = true;
}

void StaleExchange::make_room(Matrix& rows, int64_t count, int64_t cols) {
  if (rows.rows() == count && rows.cols() == cols) return;
  if (rows.cols() != 0) fail_run("the rows that were stored for an exchange are of another graph, partition or model");
  rows.reshape(count, cols);
}

void StaleExchange::append(const Matrix& rows, std::vector<std::byte>& bytes) {
  const int64_t shape[] = {rows.rows(), rows.cols()};
  append_values(bytes, shape, 2);
  append_values(bytes, rows.data(), rows.size());
}

void StaleExchange::read(Matrix& rows, ByteReader& reader) {
  const auto count = reader.read<int64_t>(), cols = reader.read<int64_t>();
  const auto room = static_cast<int64_t>(reader.left() / sizeof(float));
  if (count < 0 || cols < 1 || (count > 0 && cols > room / count)) reader.fail();
  rows.reshape(count, cols);
  reader.read(rows.data(), rows.size());
}

StaleExchange* StaleExchanges::of(bool backward, int layer) {
  if (!config_.stale()) return nullptr;
  std::unique_ptr<StaleExchange>& exchange = exchanges_[{backward, layer}];
  if (exchange == nullptr) {
    const int tag = 1 + 2 * layer + backward;
    if (config_.policy == ExchangePolicy::pipe) {
      exchange = std::make_unique<PipeExchange>(channel_, tag, static_cast<float>(config_.pipe_smoothing));
    } else {
      exchange = std::make_unique<SancusExchange>(channel_, tag, config_.sancus_bound, config_.sancus_epochs);
    }
  }
  return exchange.get();
}

void StaleExchanges::settle() {
  PhaseSeconds seconds;
  for (auto& [key, exchange] : exchanges_) exchange->settle(seconds);
}

void StaleExchanges::progress() {
  for (auto& [key, exchange] : exchanges_) exchange->progress();
}

double StaleExchanges::hidden_seconds() const {
  double seconds = 0;
  for (const auto& [key, exchange] : exchanges_) seconds += exchange->exchange().hidden_seconds();
  return seconds;
}

int64_t StaleExchanges::halo_bits() const {
  int64_t bits = 0;
  for (const auto& [key, exchange] : exchanges_) bits += exchange->exchange().halo_bits();
  return bits;
}

int64_t StaleExchanges::halo_values() const {
  int64_t values = 0;
  for (const auto& [key, exchange] : exchanges_) values += exchange->exchange().halo_values();
  return values;
}

void StaleExchanges::append(std::vector<std::byte>& bytes) const {
  for (const auto& [key, exchange] : exchanges_) {
    const int32_t place[] = {key.first, key.second};
    append_values(bytes, place, 2);
    exchange->append(bytes);
  }
}

void StaleExchanges::read(ByteReader& reader) {
  exchanges_.clear();
  while (!reader.done()) {
    const auto backward = reader.read<int32_t>(), layer = reader.read<int32_t>();
    StaleExchange* const exchange = of(backward != 0, layer);
    if (exchange == nullptr) reader.fail();
    exchange->read(reader);
  }
}

}  // namespace tersegraph
