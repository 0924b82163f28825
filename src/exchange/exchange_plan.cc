#include "exchange/exchange_plan.h"

#include <algorithm>
#include <utility>

#include "comm/collectives.h"

namespace tersegraph {
namespace {

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

  std::vector<Wanted> take_wanted() { return std::move(wanted_); }

  void fill(const JointWanted& wanted, ExchangePlan& plan) const {
    plan.receive_offsets.assign(1, 0);
    for (int q = 0; q < shard_.ranks; ++q) {
      plan.receive_offsets.push_back(plan.receive_offsets.back() + wanted.of(q).count());
      append_ids(wanted.of(q), q, shard_.global_nodes, plan.receive_ids);
    }
    plan.scatter = scatter(wanted, plan.receive_offsets);
    plan.shared = wanted.shared_rows(plan.receive_offsets);
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

  Csr scatter(const JointWanted& wanted, const std::vector<int64_t>& offsets) const {
    const auto column = [&](int q, int64_t k) { return static_cast<int32_t>(offsets[q] + wanted.place(q, k)); };
    std::vector<int32_t> row_position(shard_.halo.size());
    std::vector<int64_t> next_sum(shard_.ranks), last_row(shard_.ranks, -1);
    for (int q = 0; q < shard_.ranks; ++q) {
      int64_t next = 0;
      for (int64_t j = shard_.halo_offsets[q]; j < shard_.halo_offsets[q + 1]; ++j) {
        if (travels_[j] != 0) row_position[j] = column(q, next++);
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
          row.emplace_back(column(q, next_sum[q]++), 1.0f);
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

Wanted asked_for(const std::vector<std::byte>& bytes, int peer) {
  if (bytes.empty()) return {};
  ByteReader reader(bytes, fmt::format("rank {} sent a malformed list of rows", peer));
  Wanted wanted = read_wanted(reader);
  if (!reader.done()) reader.fail();
  return wanted;
}

/// The rows of `a` that are listed.
Csr rows_of(const Csr& a, const std::vector<int64_t>& listed) {
  Csr part;
  part.cols = a.cols;
  for (const int64_t row : listed) append_row(a, row, part);
  return part;
}

/// The rows that this rank sends are those of peers whose messages are its own to read; mates send the others.
void share_backward(const SharedRows& shared, ExchangePlan& plan) {
  std::vector<int64_t> sent, offsets{0}, ids;
  for (int q = 0; q + 1 < std::ssize(plan.send_offsets); ++q) {
    for (int64_t k = plan.send_offsets[q]; shared.reads(q) && k < plan.send_offsets[q + 1]; ++k) {
      sent.push_back(k);
      ids.push_back(plan.send_ids[k]);
    }
    offsets.push_back(std::ssize(sent));
  }
  plan.given = rows_of(plan.gather, shared.given);
  plan.gather = rows_of(plan.gather, sent);
  plan.send_offsets = std::move(offsets);
  plan.send_ids = std::move(ids);
  plan.given_begin = shared.given_begin;
  plan.taken.cols = shared.given_total;
  auto next = shared.taken.begin();
  for (const int64_t row : sent) {
    for (; next != shared.taken.end() && next->first == row; ++next) {
      plan.taken.indices.push_back(static_cast<int32_t>(next->second));
    }
    plan.taken.indptr.push_back(std::ssize(plan.taken.indices));
  }
}

}  // namespace

ExchangePlan plan_forward(const Shard& shard, CsrView remote, RowChoice choice, const Hosts& hosts, Channel& channel) {
  Receiver receiver(shard, remote, choice);
  const JointWanted wanted(receiver.take_wanted(), hosts, channel);
  ExchangePlan plan;
  receiver.fill(wanted, plan);
  std::vector<std::vector<std::byte>> requests(shard.ranks);
  for (int q = 0; q < shard.ranks; ++q) {
    if (plan.shared.reads(q)) append_wanted(wanted.of(q), requests[q]);
  }
  const auto asked = all_to_all(channel, Traffic::setup, requests);

  Sender sender(shard);
  for (int q = 0; q < shard.ranks; ++q) sender.add(asked_for(asked[q], q));
  sender.fill(plan);
  return plan;
}

ExchangePlan plan_forward(const Shard& shard, CsrView remote, RowChoice choice, Channel& channel) {
  return plan_forward(shard, remote, choice, Hosts::apart(shard.ranks, shard.rank), channel);
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
  if (!forward.shared.reader.empty()) share_backward(forward.shared, plan);
  return plan;
}

}  // namespace tersegraph
