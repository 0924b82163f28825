#include "exchange/joint_wanted.h"

#include <algorithm>
#include <numeric>

#include "comm/collectives.h"

namespace tersegraph {
namespace {

/// Sums of another: they follow those that stand there.
void append_sums(const Wanted& more, Wanted& all) {
  const bool weighted = !more.coefficients.empty() || !all.coefficients.empty();
  if (weighted) all.coefficients.resize(all.terms.size(), 1.0f);
  const auto append = [](auto& list, const auto& tail) { list.insert(list.end(), tail.begin(), tail.end()); };
  append(all.destinations, more.destinations);
  append(all.lengths, more.lengths);
  append(all.terms, more.terms);
  append(all.coefficients, more.coefficients);
  if (weighted) all.coefficients.resize(all.terms.size(), 1.0f);
}

/// The rows received of what `reader` reads, peer by peer.
template <class T, class See>
void for_each_range(const SharedRows& shared, const std::vector<int64_t>& offsets, int reader, std::span<T> values,
                    See&& see) {
  for (size_t q = 0; q < shared.reader.size(); ++q) {
    if (shared.reader[q] != reader) continue;
    see(values.subspan(static_cast<size_t>(offsets[q]), static_cast<size_t>(offsets[q + 1] - offsets[q])));
  }
}

}  // namespace

void sum_at_readers(const SharedRows& shared, const std::vector<int64_t>& receive_offsets, const Hosts& hosts,
                    Channel& channel, std::span<float> values) {
  if (shared.reader.empty()) return;
  Channel among_mates(channel, hosts.mates());
  std::vector<std::vector<std::byte>> outgoing(hosts.mates().size());
  for (size_t m = 0; m < outgoing.size(); ++m) {
    if (hosts.mates()[m] == hosts.rank()) continue;
    for_each_range(shared, receive_offsets, hosts.mates()[m], values, [&](std::span<float> range) {
      append_values(outgoing[m], range.data(), std::ssize(range));
    });
  }
  const auto incoming = all_to_all(among_mates, Traffic::setup, outgoing);
  for (size_t m = 0; m < incoming.size(); ++m) {
    if (hosts.mates()[m] == hosts.rank()) continue;
    ByteReader reader(incoming[m], fmt::format("rank {} told malformed numbers of rows", hosts.mates()[m]));
    for_each_range(shared, receive_offsets, hosts.rank(), values, [&](std::span<float> range) {
      for (float& value : range) value += reader.read<float>();
    });
    if (!reader.done()) reader.fail();
  }
}

void copy_from_readers(const SharedRows& shared, const std::vector<int64_t>& receive_offsets, const Hosts& hosts,
                       Channel& channel, std::span<uint8_t> values) {
  if (shared.reader.empty()) return;
  Channel among_mates(channel, hosts.mates());
  std::vector<std::byte> own;
  for_each_range(shared, receive_offsets, hosts.rank(), values,
                 [&](std::span<uint8_t> range) { append_values(own, range.data(), std::ssize(range)); });
  const auto told = all_gather(among_mates, Traffic::setup, own);
  for (size_t m = 0; m < told.size(); ++m) {
    const int mate = hosts.mates()[m];
    ByteReader reader(told[m], fmt::format("rank {} told malformed numbers of rows", mate));
    for_each_range(shared, receive_offsets, mate, values,
                   [&](std::span<uint8_t> range) { reader.read(range.data(), std::ssize(range)); });
    if (!reader.done()) reader.fail();
  }
}

JointWanted::JointWanted(std::vector<Wanted> own, const Hosts& hosts, Channel& channel)
    : hosts_(hosts), wanted_(std::move(own)) {
  if (!hosts.shares_here()) return;
  const std::vector<int>& mates = hosts.mates();
  own_ = static_cast<size_t>(std::ranges::find(mates, hosts.rank()) - mates.begin());
  places_.assign(mates.size(), std::vector<std::vector<int64_t>>(wanted_.size()));
  std::vector<std::vector<Wanted>> all(mates.size(), std::vector<Wanted>(wanted_.size()));
  tell_mates(channel, all);
  for (int q = 0; q < std::ssize(wanted_); ++q) {
    if (hosts.here(q)) {
      places_[own_][q].resize(static_cast<size_t>(wanted_[q].count()));
      std::iota(places_[own_][q].begin(), places_[own_][q].end(), int64_t{0});
    } else {
      join(all, q);
    }
  }
}

void JointWanted::tell_mates(Channel& channel, std::vector<std::vector<Wanted>>& all) const {
  std::vector<std::byte> bytes;
  for (int q = 0; q < std::ssize(wanted_); ++q) {
    if (!hosts_.here(q)) append_wanted(wanted_[q], bytes);
  }
  Channel among_mates(channel, hosts_.mates());
  const auto told = all_gather(among_mates, Traffic::setup, bytes);
  for (size_t m = 0; m < all.size(); ++m) {
    ByteReader reader(told[m], fmt::format("rank {} told a malformed list of rows", hosts_.mates()[m]));
    for (int q = 0; q < std::ssize(wanted_); ++q) {
      if (!hosts_.here(q)) all[m][q] = read_wanted(reader);
    }
    if (!reader.done()) reader.fail();
  }
}

/// First the rows that any wants, ascending, then the sums, mate by mate: no two want the same one.
void JointWanted::join(const std::vector<std::vector<Wanted>>& all, int peer) {
  Wanted joint;
  for (const auto& of_mate : all) {
    joint.rows.insert(joint.rows.end(), of_mate[peer].rows.begin(), of_mate[peer].rows.end());
  }
  std::ranges::sort(joint.rows);
  joint.rows.erase(std::unique(joint.rows.begin(), joint.rows.end()), joint.rows.end());
  for (size_t m = 0; m < all.size(); ++m) {
    const Wanted& own = all[m][peer];
    std::vector<int64_t>& places = places_[m][peer];
    for (const int64_t id : own.rows) places.push_back(std::ranges::lower_bound(joint.rows, id) - joint.rows.begin());
    for (size_t k = 0; k < own.destinations.size(); ++k) places.push_back(joint.count() + static_cast<int64_t>(k));
    append_sums(own, joint);
  }
  wanted_[peer] = std::move(joint);
}

SharedRows JointWanted::shared_rows(const std::vector<int64_t>& receive_offsets) const {
  SharedRows rows;
  if (places_.empty()) return rows;
  rows.rank = hosts_.rank();
  const int ranks = static_cast<int>(wanted_.size());
  for (int q = 0; q < ranks; ++q) rows.reader.push_back(hosts_.here(q) ? -1 : hosts_.reader(q));
  for (size_t m = 0; m < places_.size(); ++m) {
    if (m == own_) rows.given_begin = rows.given_total;
    for (int q = 0; q < ranks; ++q) {
      if (!shared(q) || hosts_.reader(q) == hosts_.mates()[m]) continue;
      for (const int64_t place : places_[m][q]) {
        const int64_t row = receive_offsets[q] + place, entry = rows.given_total++;
        if (m == own_) rows.given.push_back(row);
        if (hosts_.reader(q) == hosts_.rank()) rows.taken.emplace_back(row, entry);
      }
    }
  }
  std::ranges::sort(rows.taken);
  return rows;
}

}  // namespace tersegraph
