#include "exchange/exchange_plan.h"

#include <algorithm>
#include <utility>

#include "base/byte_stream.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

/// What one rank asks of another: rows as they are, and sums of rows.
struct Wanted {
  std::vector<int64_t> rows;          ///< global ids
  std::vector<int64_t> destinations;  ///< of each sum: the node it belongs to
  std::vector<int64_t> lengths;       ///< of each sum
  std::vector<int64_t> terms;         ///< global ids, sum after sum
  std::vector<float> coefficients;    ///< of the terms; empty: all 1

  int64_t count() const { return std::ssize(rows) + std::ssize(destinations); }
};

template <class T>
void append_list(std::vector<std::byte>& bytes, const std::vector<T>& list) {
  const int64_t count = std::ssize(list);
  append_values(bytes, &count, 1);
  append_values(bytes, list.data(), count);
}

template <class T>
void read_list(ByteReader& reader, std::vector<T>& list) {
  const auto count = reader.read<int64_t>();
  if (count < 0 || static_cast<size_t>(count) > reader.left() / sizeof(T)) reader.fail();
  list.resize(static_cast<size_t>(count));
  reader.read(list.data(), count);
}

std::vector<std::byte> pack(const Wanted& wanted) {
  std::vector<std::byte> bytes;
  append_list(bytes, wanted.rows);
  append_list(bytes, wanted.destinations);
  append_list(bytes, wanted.lengths);
  append_list(bytes, wanted.terms);
  append_list(bytes, wanted.coefficients);
  return bytes;
}

Wanted unpack(const std::vector<std::byte>& bytes, int peer) {
  ByteReader reader(bytes, fmt::format("rank {} sent a malformed list of rows", peer));
  Wanted wanted;
  read_list(reader, wanted.rows);
  read_list(reader, wanted.destinations);
  read_list(reader, wanted.lengths);
  read_list(reader, wanted.terms);
  read_list(reader, wanted.coefficients);
  int64_t left = std::ssize(wanted.terms);
  for (const int64_t length : wanted.lengths) {
    if (length < 1 || length > left) reader.fail();
    left -= length;
  }
  const bool weighted = !wanted.coefficients.empty();
  if (left != 0 || !reader.done() || wanted.lengths.size() != wanted.destinations.size() ||
      (weighted && wanted.coefficients.size() != wanted.terms.size())) {
    reader.fail();
  }
  return wanted;
}

/// Sums for one destination that several ranks make are different rows, and must not share their random numbers; nor
/// may a sum and a node's own row.
void append_ids(const Wanted& wanted, int sender, int64_t nodes, std::vector<int64_t>& ids) {
  ids.insert(ids.end(), wanted.rows.begin(), wanted.rows.end());
  for (const int64_t node : wanted.destinations) ids.push_back(node + nodes * (1 + int64_t{sender}));
}

/// The receiver's side: splits the entries of `remote` between rows and sums.
class Receiver {
 public:
  Receiver(const Shard& shard, CsrView remote, RowChoice choice)
      : shard_(shard),
        remote_(remote),
        travels_(travelling_rows(remote, shard.halo_offsets, choice)),
        owner_(shard.halo.size()),
        wanted_(shard.ranks) {
    for (int q = 0; q < shard.ranks; ++q) {
      for (int64_t j = shard.halo_offsets[q]; j < shard.halo_offsets[q + 1]; ++j) {
        owner_[j] = q;
        if (travels_[j] != 0) wanted_[q].rows.push_back(shard.halo[j]);
      }
    }
    collect_sums();
  }

  const std::vector<Wanted>& wanted() const { return wanted_; }

  void fill(ExchangePlan& plan) const {
    plan.receive_offsets.assign(1, 0);
    for (int q = 0; q < shard_.ranks; ++q) {
      plan.receive_offsets.push_back(plan.receive_offsets.back() + wanted_[q].count());
      append_ids(wanted_[q], q, shard_.global_nodes, plan.receive_ids);
    }
    plan.scatter = scatter(plan.receive_offsets);
  }

 private:
  void collect_sums() {
    std::vector<int64_t> last_row(shard_.ranks, -1);
    for (int64_t i = 0; i < remote_.rows; ++i) {
      for (int64_t e = remote_.begin(i); e < remote_.end(i); ++e) {
        const int32_t j = remote_.indices[e], q = owner_[j];
        if (travels_[j] != 0) continue;
        Wanted& wanted = wanted_[q];
        if (std::exchange(last_row[q], i) != i) {
          wanted.destinations.push_back(shard_.owned[i]);
          wanted.lengths.push_back(0);
        }
        ++wanted.lengths.back();
        wanted.terms.push_back(shard_.halo[j]);
        if (remote_.values != nullptr) wanted.coefficients.push_back(remote_.values[e]);
      }
    }
  }

  Csr scatter(const std::vector<int64_t>& offsets) const {
    std::vector<int32_t> row_position(shard_.halo.size());
    std::vector<int64_t> next_sum(shard_.ranks), last_row(shard_.ranks, -1);
    for (int q = 0; q < shard_.ranks; ++q) {
      auto next = static_cast<int32_t>(offsets[q]);
      for (int64_t j = shard_.halo_offsets[q]; j < shard_.halo_offsets[q + 1]; ++j) {
        if (travels_[j] != 0) row_position[j] = next++;
      }
      next_sum[q] = next;
    }
    Csr out;
    out.cols = offsets.back();
    out.indptr.reserve(remote_.rows + 1);
    std::vector<std::pair<int32_t, float>> row;
    for (int64_t i = 0; i < remote_.rows; ++i) {
      row.clear();
      for (int64_t e = remote_.begin(i); e < remote_.end(i); ++e) {
        const int32_t j = remote_.indices[e], q = owner_[j];
        if (travels_[j] != 0) {
          row.emplace_back(row_position[j], remote_.value(e));
        } else if (std::exchange(last_row[q], i) != i) {
          row.emplace_back(static_cast<int32_t>(next_sum[q]++), 1.0f);
        }
      }
      std::sort(row.begin(), row.end());
      for (const auto& [column, value] : row) {
        out.indices.push_back(column);
        if (remote_.values != nullptr) out.values.push_back(value);
      }
      out.indptr.push_back(std::ssize(out.indices));
    }
    return out;
  }

  const Shard& shard_;
  CsrView remote_;
  std::vector<uint8_t> travels_;
  std::vector<int32_t> owner_;  ///< the rank of each halo row
  std::vector<Wanted> wanted_;
};

/// The sender's side: a row of `gather` for everything that is asked.
class Sender {
 public:
  explicit Sender(const Shard& shard) : shard_(shard) {}

  void add(const Wanted& wanted) {
    offsets_.push_back(offsets_.back() + wanted.count());
    append_ids(wanted, shard_.rank, shard_.global_nodes, ids_);
    terms_.insert(terms_.end(), wanted.rows.begin(), wanted.rows.end());
    terms_.insert(terms_.end(), wanted.terms.begin(), wanted.terms.end());
    gather_.values.resize(terms_.size() - wanted.terms.size(), 1.0f);
    gather_.values.insert(gather_.values.end(), wanted.coefficients.begin(), wanted.coefficients.end());
    gather_.values.resize(terms_.size(), 1.0f);
    weighted_ |= !wanted.coefficients.empty();
    for (size_t k = 0; k < wanted.rows.size(); ++k) gather_.indptr.push_back(gather_.indptr.back() + 1);
    for (const int64_t length : wanted.lengths) gather_.indptr.push_back(gather_.indptr.back() + length);
  }

  void fill(ExchangePlan& plan) {
    gather_.cols = shard_.owned_count();
    gather_.indices = local_rows(shard_, terms_);
    if (!weighted_) gather_.values = {};
    plan.gather = std::move(gather_);
    plan.send_offsets = std::move(offsets_);
    plan.send_ids = std::move(ids_);
  }

 private:
  const Shard& shard_;
  Csr gather_;
  std::vector<int64_t> offsets_{0}, ids_, terms_;
  bool weighted_ = false;
};

}  // namespace

ExchangePlan plan_forward(const Shard& shard, CsrView remote, RowChoice choice, Channel& channel) {
  const Receiver receiver(shard, remote, choice);
  std::vector<std::vector<std::byte>> requests;
  for (const Wanted& wanted : receiver.wanted()) requests.push_back(pack(wanted));
  const auto asked = all_to_all(channel, Traffic::setup, requests);

  ExchangePlan plan;
  receiver.fill(plan);
  Sender sender(shard);
  for (int q = 0; q < shard.ranks; ++q) sender.add(unpack(asked[q], q));
  sender.fill(plan);
  return plan;
}

ExchangePlan plan_backward(const ExchangePlan& forward) {
  ExchangePlan plan;
  plan.gather = transpose(forward.scatter);
  plan.send_offsets = forward.receive_offsets;
  plan.send_ids = forward.receive_ids;
  plan.scatter = transpose(forward.gather);
  plan.receive_offsets = forward.send_offsets;
  plan.receive_ids = forward.send_ids;
  plan.send_last_cols = forward.receive_last_cols;
  plan.receive_last_cols = forward.send_last_cols;
  return plan;
}

}  // namespace tersegraph
