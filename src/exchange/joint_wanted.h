#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "comm/channel.h"
#include "exchange/hosts.h"
#include "exchange/wanted_rows.h"

namespace tersegraph {

/// How the ranks of a host share the rows that come from elsewhere: they all have them in the same places, and on the
/// way back each gives the reader of a message what it adds to its rows. What they give stands in one list, mate by
/// mate. "Row" is a row received.
struct SharedRows {
  int rank = 0;
  std::vector<int> reader;     ///< (ranks): as in Hosts; -1: of this host. Empty: nothing is shared
  std::vector<int64_t> given;  ///< the row that each entry of this rank belongs to; theirs is a mate's to send
  int64_t given_begin = 0, given_total = 0;        ///< where its entries begin, and those of all
  std::vector<std::pair<int64_t, int64_t>> taken;  ///< (row, entry of a mate) for rows that this rank sends; ascending

  /// What a peer sends stands where all of this host see it.
  bool shared(int peer) const { return !reader.empty() && reader[peer] >= 0; }
  /// It comes to this rank itself.
  bool reads(int peer) const { return !shared(peer) || reader[peer] == rank; }
};

/// Numbers of rows received, of what ranks share (receive_offsets as in ExchangePlan): each reader gets the sums over
/// the mates, each mate what its readers have. Collective among the mates.
void sum_at_readers(const SharedRows& shared, const std::vector<int64_t>& receive_offsets, const Hosts& hosts,
                    Channel& channel, std::span<float> values);
void copy_from_readers(const SharedRows& shared, const std::vector<int64_t>& receive_offsets, const Hosts& hosts,
                       Channel& channel, std::span<uint8_t> values);

/// What the ranks of a host ask of the others together: each row once.
class JointWanted {
 public:
  /// own[q]: what this rank wants of rank q. Where ranks share, those of each host tell each other (Traffic::setup);
  /// collective then.
  JointWanted(std::vector<Wanted> own, const Hosts& hosts, Channel& channel);

  /// What is wanted of a peer, by this rank or by all of its host.
  const Wanted& of(int peer) const { return wanted_[peer]; }
  /// Where the k-th that this rank wants stands there.
  int64_t place(int peer, int64_t k) const { return places_.empty() ? k : places_[own_][peer].at(k); }

  /// receive_offsets as in ExchangePlan.
  SharedRows shared_rows(const std::vector<int64_t>& receive_offsets) const;

 private:
  bool shared(int peer) const { return !places_.empty() && !hosts_.here(peer); }
  void tell_mates(Channel& channel, std::vector<std::vector<Wanted>>& all) const;
  void join(const std::vector<std::vector<Wanted>>& all, int peer);

  const Hosts& hosts_;
  size_t own_ = 0;  ///< this rank's place among the mates
  std::vector<Wanted> wanted_;
  std::vector<std::vector<std::vector<int64_t>>> places_;  ///< by mate and peer; empty: nothing is shared
};

}  // namespace tersegraph
