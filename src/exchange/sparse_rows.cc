#include "exchange/sparse_rows.h"

#include <algorithm>

#include "base/byte_stream.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

/// Row by row: entry count (int64), columns (int32), values (fp32).
std::vector<std::byte> pack_rows(CsrView x, const ExchangePlan& plan, int peer) {
  std::vector<std::byte> bytes;
  for (int64_t k = plan.send_offsets[peer]; k < plan.send_offsets[peer + 1]; ++k) {
    const int64_t row = plan.gather.indices[k], count = x.end(row) - x.begin(row);
    append_values(bytes, &count, 1);
    append_values(bytes, x.indices + x.begin(row), count);
    for (int64_t e = x.begin(row); e < x.end(row); ++e) {
      const float value = x.value(e);
      append_values(bytes, &value, 1);
    }
  }
  return bytes;
}

void unpack_rows(const std::vector<std::byte>& bytes, int64_t rows, int peer, Csr& x) {
  ByteReader reader(bytes, fmt::format("rank {} sent malformed sparse rows", peer));
  for (int64_t k = 0; k < rows; ++k) {
    const auto count = reader.read<int64_t>();
    if (count < 0 || static_cast<size_t>(count) > reader.left() / 8) reader.fail();
    const size_t old = x.indices.size();
    x.indices.resize(old + static_cast<size_t>(count));
    x.values.resize(old + static_cast<size_t>(count));
    reader.read(x.indices.data() + old, count);
    reader.read(x.values.data() + old, count);
    for (size_t e = old; e < x.indices.size(); ++e) {
      if (x.indices[e] < 0 || x.indices[e] >= x.cols) reader.fail();
    }
    x.indptr.push_back(static_cast<int64_t>(x.indices.size()));
  }
  if (!reader.done()) reader.fail();
}

/// Sums sparse rows into a dense row that remembers which columns it touched.
class RowAccumulator {
 public:
  explicit RowAccumulator(int64_t cols) : sum_(cols, 0.0f), touched_(cols, 0) {}

  void add(float weight, CsrView x, int64_t row) {
    for (int64_t e = x.begin(row); e < x.end(row); ++e) {
      const int32_t c = x.indices[e];
      if (touched_[c] == 0) columns_.push_back(c);
      touched_[c] = 1;
      sum_[c] += weight * x.value(e);
    }
  }

  void flush(Csr& out) {
    std::sort(columns_.begin(), columns_.end());
    for (const int32_t c : columns_) {
      out.indices.push_back(c);
      out.values.push_back(sum_[c]);
      sum_[c] = 0.0f;
      touched_[c] = 0;
    }
    columns_.clear();
    out.indptr.push_back(static_cast<int64_t>(out.indices.size()));
  }

 private:
  std::vector<float> sum_;
  std::vector<uint8_t> touched_;
  std::vector<int32_t> columns_;
};

}  // namespace

Csr exchange_sparse_rows(const ExchangePlan& plan, const Csr& x, Traffic kind, Channel& channel) {
  std::vector<std::vector<std::byte>> outgoing(channel.size());
  for (int q = 0; q < channel.size(); ++q) outgoing[q] = pack_rows(x, plan, q);
  const auto incoming = all_to_all(channel, kind, outgoing);
  Csr halo;
  halo.cols = x.cols;
  for (int q = 0; q < channel.size(); ++q) {
    unpack_rows(incoming[q], plan.receive_offsets[q + 1] - plan.receive_offsets[q], q, halo);
  }
  return halo;
}

Csr multiply_sparse(CsrView local, CsrView x, CsrView remote, CsrView x_halo) {
  Csr out;
  out.cols = x.cols;
  RowAccumulator row(x.cols);
  for (int64_t i = 0; i < local.rows; ++i) {
    for (int64_t e = local.begin(i); e < local.end(i); ++e) row.add(local.value(e), x, local.indices[e]);
    for (int64_t e = remote.begin(i); e < remote.end(i); ++e) row.add(remote.value(e), x_halo, remote.indices[e]);
    row.flush(out);
  }
  return out;
}

}  // namespace tersegraph
