#include "exchange/width_state.h"

#include <algorithm>

#include "kernels/row_codec.h"

namespace tersegraph {
namespace {

template <class T>
void append(std::vector<std::byte>& bytes, T value) {
  append_values(bytes, &value, 1);
}

template <class T>
void append_list(std::vector<std::byte>& bytes, const T& list) {
  append(bytes, static_cast<int64_t>(list.size()));
  append_values(bytes, list.data(), std::ssize(list));
}

template <class T>
void read_list(ByteReader& reader, T& list) {
  const auto size = reader.read<int64_t>();
  if (size < 0 || static_cast<size_t>(size) > reader.left()) reader.fail();
  list.resize(static_cast<size_t>(size));
  reader.read(list.data(), size);
}

void append_report(std::vector<std::byte>& bytes, const WidthReport& report) {
  append(bytes, static_cast<int64_t>(report.bits.size()));
  for (const auto& [name, bits] : report.bits) {
    append_list(bytes, name);
    append(bytes, bits);
  }
  append(bytes, static_cast<int8_t>(report.error.has_value()));
  append(bytes, report.error.value_or(0));
  append(bytes, report.seconds);
  append(bytes, report.bytes);
  append(bytes, static_cast<int8_t>(report.met));
}

WidthReport read_report(ByteReader& reader) {
  WidthReport report;
  for (auto left = reader.read<int64_t>(); left > 0; --left) {
    std::string name;
    read_list(reader, name);
    report.bits[name] = reader.read<double>();
  }
  const bool has_error = reader.read<int8_t>() != 0;
  const auto error = reader.read<double>();
  if (has_error) report.error = error;
  report.seconds = reader.read<double>();
  report.bytes = reader.read<double>();
  report.met = reader.read<int8_t>() != 0;
  return report;
}

void read_row_widths(ByteReader& reader, std::vector<uint8_t>& widths) {
  read_list(reader, widths);
  const auto known = [](uint8_t bits) { return bits == 0 || valid_bits(bits); };
  if (!std::ranges::all_of(widths, known)) reader.fail();
}

}  // namespace

void append_widths(const WidthState& state, std::vector<std::byte>& bytes) {
  append(bytes, static_cast<int64_t>(state.exchanges.size()));
  for (const WidthState::Exchange& exchange : state.exchanges) {
    append(bytes, exchange.backward), append(bytes, exchange.layer), append(bytes, exchange.cols);
    append_list(bytes, exchange.send), append_list(bytes, exchange.receive);
    append_list(bytes, exchange.variances), append_list(bytes, exchange.norms);
    append_list(bytes, exchange.coefficients), append(bytes, static_cast<int8_t>(exchange.weighed));
    append(bytes, exchange.passes), append(bytes, exchange.extension_bytes);
    append(bytes, exchange.hidden_seconds), append(bytes, exchange.timed), append(bytes, exchange.drawn);
  }
  append_list(bytes, state.hidden_seconds);
  append_report(bytes, state.report);
  append(bytes, static_cast<int8_t>(state.changed));
  append(bytes, state.floor), append(bytes, static_cast<int8_t>(state.raised));
  append(bytes, state.start);
}

WidthState read_widths(ByteReader& reader) {
  WidthState state;
  for (auto left = reader.read<int64_t>(); left > 0; --left) {
    WidthState::Exchange& exchange = state.exchanges.emplace_back();
    exchange.backward = reader.read<int32_t>(), exchange.layer = reader.read<int32_t>();
    exchange.cols = reader.read<int64_t>();
    read_row_widths(reader, exchange.send), read_row_widths(reader, exchange.receive);
    read_list(reader, exchange.variances), read_list(reader, exchange.norms);
    read_list(reader, exchange.coefficients), exchange.weighed = reader.read<int8_t>() != 0;
    exchange.passes = reader.read<int64_t>(), exchange.extension_bytes = reader.read<int64_t>();
    exchange.hidden_seconds = reader.read<double>(), exchange.timed = reader.read<int64_t>();
    exchange.drawn = reader.read<int64_t>();
  }
  read_list(reader, state.hidden_seconds);
  state.report = read_report(reader);
  state.changed = reader.read<int8_t>() != 0;
  state.floor = reader.read<int32_t>(), state.raised = reader.read<int8_t>() != 0;
  state.start = reader.read<int64_t>();
  return state;
}

}  // namespace tersegraph
