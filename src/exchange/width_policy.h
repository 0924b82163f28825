#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "comm/channel.h"
#include "exchange/halo_exchange.h"
#include "exchange/hosts.h"
#include "exchange/policy.h"
#include "exchange/width_state.h"

namespace tersegraph {

/// Decides how the rows of each exchange of an epoch are encoded, by an ExchangeConfig. Every rank makes the same calls
/// in the same order.
///
/// Adaptive widths: the first epoch travels at the widest width. While messages are encoded their rows are traced (from
/// epoch 10 on in every fourth epoch).
/// After epochs 1, 10 and every assign_every-th, counted from the first one that it knows, (for `slack` that measures
/// hidden seconds: not after the first) the ranks sum what they traced, decide alike, tell each other their rows'
/// widths, and use them from the next epoch on.
class WidthPolicy {
 public:
  /// Collective. Adaptive widths without config.link: the links between hosts are probed (except for a budget of bytes,
  /// which needs none); where all ranks are on one host, they are taken for kLinkOnOneHost. Errors: InputError.
  WidthPolicy(Channel& channel, const ExchangeConfig& config);
  WidthPolicy(const WidthPolicy&) = delete;
  WidthPolicy& operator=(const WidthPolicy&) = delete;

  static constexpr const char* kLinkOnOneHost = "10gbit";

  /// An exchange that takes place in every training epoch.
  struct Exchange {
    WidthState::Exchange state;
    const ExchangePlan* plan = nullptr;  ///< null: not met since the state was restored
    ExchangeWidths widths;
    bool mixed = false;   ///< widths are in use
    bool traced = false;  ///< in this pass
  };

  struct When {
    bool backward = false;
    int layer = 0;
    uint64_t seed = 0;
    int64_t epoch = 0;
  };

  /// Completes the pass of a training exchange; null where the policy sends fp32. `plan` must be the same at every call
  /// for one direction and layer.
  Exchange* prepare(const ExchangePlan& plan, int64_t cols, const When& when, ExchangePass& pass);
  /// Afterwards: bytes of its extension, and the seconds of computation between start() and finish().
  void done(Exchange& exchange, int64_t extension_bytes, double hidden_seconds);

  /// After every training epoch. Collective.
  void end_epoch(int64_t epoch);

  /// Whether this epoch's gradient is to be compared with an exact one.
  bool checked(int64_t epoch) const;
  /// The narrowest width is out, for good, from the next choice on; there is one after the first epoch whose rows have
  /// been traced. False when there is but one width. Every rank makes the same calls.
  bool raise_floor();
  /// The narrowest width that may be chosen.
  int floor() const { return *std::min_element(config_.widths.begin(), config_.widths.end()); }

  const Hosts& hosts() const { return hosts_; }
  const WidthReport& report() const { return report_; }
  /// The links as config.link takes them; "" when none are needed.
  const std::string& link_words() const { return link_words_; }
  /// Of `slack`, once measured or given: the seconds of each exchange that computation hides.
  std::map<std::string, double> hidden_seconds() const;

  WidthState state() const;
  /// Before the first epoch.
  void restore(WidthState state);

 private:
  using Key = std::pair<int, int>;  ///< backward?, layer

  bool exact_peer(int peer) const { return hosts_.here(peer); }
  void settle_links();
  void bind(Exchange& exchange, const ExchangePlan& plan, int64_t cols, const When& when);
  void fill_widths(Exchange& exchange, int bits);
  void draw_widths(Exchange& exchange, const When& when);
  bool due(int64_t epoch) const;
  bool traces(int64_t epoch) const;
  void decide();
  void learn_coefficients();
  std::vector<float> told_coefficients(const ExchangePlan& plan);
  void fix_hidden_seconds();
  void adopt();
  void count_bits();

  Channel& channel_;
  ExchangeConfig config_;
  AssignerGoal goal_;
  Hosts hosts_;
  std::string link_words_;
  std::optional<Lanes> lanes_;
  std::map<Key, Exchange> exchanges_;
  WidthReport report_;
  bool widths_changed_ = false;
  bool raised_ = false;  ///< the floor, since the last choice
  int64_t start_ = 0;    ///< as in WidthState
};

}  // namespace tersegraph
