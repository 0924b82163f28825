#include "exchange/sparse_rows.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

template <class T>
void append(std::vector<std::byte>& bytes, const T* values, int64_t count) {
  const size_t old = bytes.size();
  bytes.resize(old + static_cast<size_t>(count) * sizeof(T));
  if (count > 0) std::memcpy(bytes.data() + old, values, static_cast<size_t>(count) * sizeof(T));
}

/// Row by row: entry count (int64), columns (int32), values (fp32).
std::vector<std::byte> pack_rows(CsrView x, const ExchangePlan& plan, int peer) {
  std::vector<std::byte> bytes;
  for (int64_t k = plan.send_offsets[peer]; k < plan.send_offsets[peer + 1]; ++k) {
    const int64_t row = plan.gather.indices[k], count = x.end(row) - x.begin(row);
    append(bytes, &count, 1);
    append(bytes, x.indices + x.begin(row), count);
    for (int64_t e = x.begin(row); e < x.end(row); ++e) {
      const float value = x.value(e);
      append(bytes, &value, 1);
    }
  }
  return bytes;
}

void unpack_rows(const std::vector<std::byte>& bytes, int64_t rows, int peer, Csr& x) {
  size_t at = 0;
  for (int64_t k = 0; k < rows; ++k) {
    int64_t count = -1;
    if (bytes.size() - at >= sizeof count) std::memcpy(&count, bytes.data() + at, sizeof count);
    at += sizeof count;
    if (count < 0 || count > x.cols || bytes.size() - at < static_cast<size_t>(count) * 8) {
      fail_run("rank {} sent malformed sparse rows", peer);
    }
    const size_t old = x.indices.size();
    x.indices.resize(old + count);
    x.values.resize(old + count);
    if (count > 0) {
      std::memcpy(x.indices.data() + old, bytes.data() + at, static_cast<size_t>(count) * 4);
      std::memcpy(x.values.data() + old, bytes.data() + at + static_cast<size_t>(count) * 4,
                  static_cast<size_t>(count) * 4);
    }
    for (size_t e = old; e < x.indices.size(); ++e) {
      if (x.indices[e] < 0 || x.indices[e] >= x.cols) fail_run("rank {} sent malformed sparse rows", peer);
    }
    at += static_cast<size_t>(count) * 8;
    x.indptr.push_back(static_cast<int64_t>(x.indices.size()));
  }
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

Csr exchange_sparse_rows(const ExchangePlan& plan, const Csr& x, Channel& channel) {
  std::vector<std::vector<std::byte>> outgoing(channel.size());
  for (int q = 0; q < channel.size(); ++q) outgoing[q] = pack_rows(x, plan, q);
  const auto incoming = all_to_all(channel, Traffic::layer0, outgoing);
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
