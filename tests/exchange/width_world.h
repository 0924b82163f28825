#pragma once

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "exchange/bit_assigner.h"
#include "exchange/message.h"
#include "kernels/row_codec.h"

namespace tersegraph::testing {

/// All ranks' messages in one process, and what widths for them cost, counted message by message from the formulas.
struct WidthWorld {
  using Widths = std::vector<std::vector<std::vector<uint8_t>>>;  ///< by exchange, rank, message

  struct RankMessages {
    std::vector<int64_t> offsets;
    std::vector<float> weights, norms;
    MessageCosts costs() const { return {offsets, weights, norms}; }
  };
  struct Exchange {
    int64_t cols;
    std::vector<RankMessages> ranks;
  };
  struct Cost {
    std::vector<double> variance, seconds;  ///< by exchange
    double bytes = 0, fp32_bytes = 0;
    double total_seconds() const {
      double sum = 0;
      for (const double s : seconds) sum += s;
      return sum;
    }
  };
  struct Choice {
    WidthDecision decision;
    Widths widths;
  };

  LinkModel links;
  std::vector<int> host_of;
  Lanes::Schedule schedule = Lanes::Schedule::all_at_once;
  std::vector<int> allowed{2, 4, 8};
  std::vector<Exchange> exchanges;

  int ranks() const { return static_cast<int>(host_of.size()); }

  /// `each` messages from every rank to every other, weights spread over some orders of magnitude.
  void fill(int count, int64_t cols, int each, unsigned seed, double spread = 1.5) {
    std::mt19937 random(seed);
    std::lognormal_distribution<float> weight(0.0f, static_cast<float>(spread));
    std::uniform_real_distribution<float> scale(0.05f, 2.0f);
    for (int t = 0; t < count; ++t) {
      Exchange exchange{cols, {}};
      for (int r = 0; r < ranks(); ++r) {
        RankMessages messages{{0}, {}, {}};
        for (int q = 0; q < ranks(); ++q) {
          const float pair = scale(random);
          for (int i = 0; i < (q == r ? 0 : each); ++i) messages.weights.push_back(pair * weight(random));
          messages.offsets.push_back(static_cast<int64_t>(messages.weights.size()));
        }
        exchange.ranks.push_back(std::move(messages));
      }
      exchanges.push_back(std::move(exchange));
    }
  }

  /// Squared norms for width 0, about as large as the variance at one bit.
  void add_norms(unsigned seed) {
    std::mt19937 random(seed);
    std::lognormal_distribution<float> ratio(0.0f, 2.0f);
    for (Exchange& exchange : exchanges) {
      for (RankMessages& rank : exchange.ranks) {
        for (const float weight : rank.weights) rank.norms.push_back(weight * ratio(random));
      }
    }
  }

  SlopeHistograms histograms(const Lanes& lanes) const {
    SlopeHistograms all(static_cast<int>(exchanges.size()), lanes.count());
    for (size_t t = 0; t < exchanges.size(); ++t) {
      const WidthLadder ladder(allowed, exchanges[t].cols);
      float steepest = 0;
      for (const RankMessages& rank : exchanges[t].ranks) {
        steepest = std::max(steepest, steepest_step(ladder, rank.costs()));
      }
      all.set_steepest(static_cast<int>(t), steepest);
      for (int r = 0; r < ranks(); ++r) {
        all.add(static_cast<int>(t), ladder, exchanges[t].cols, exchanges[t].ranks[r].costs(), lanes.from(r));
      }
    }
    return all;
  }

  Choice choose(const AssignerGoal& goal) const {
    const Lanes lanes(links, host_of, schedule);
    Choice choice{decide_widths(goal, histograms(lanes), lanes), all_at(0)};
    for (size_t t = 0; t < exchanges.size(); ++t) {
      const WidthLadder ladder(allowed, exchanges[t].cols);
      for (int r = 0; r < ranks(); ++r) {
        assign_widths(choice.decision, static_cast<int>(t), ladder, exchanges[t].ranks[r].costs(), lanes.from(r),
                      choice.widths[t][r]);
      }
    }
    return choice;
  }

  Widths all_at(int bits) const {
    Widths widths;
    for (const Exchange& exchange : exchanges) {
      widths.emplace_back();
      for (const RankMessages& rank : exchange.ranks) {
        widths.back().emplace_back(rank.weights.size(), static_cast<uint8_t>(bits));
      }
    }
    return widths;
  }
  Widths lowest() const { return all_at(*std::min_element(allowed.begin(), allowed.end())); }
  Widths highest() const { return all_at(*std::max_element(allowed.begin(), allowed.end())); }

  Cost cost(const Widths& widths) const {
    Cost cost;
    for (size_t t = 0; t < exchanges.size(); ++t) {
      const int hosts = links.hosts();
      const int places = schedule == Lanes::Schedule::ring ? ranks() : hosts;
      std::vector<LinkLoad> loads(static_cast<size_t>(places) * places);
      double variance = 0;
      for (int r = 0; r < ranks(); ++r) {
        const RankMessages& rank = exchanges[t].ranks[r];
        for (int q = 0; q < ranks(); ++q) {
          if (rank.offsets[q] == rank.offsets[q + 1]) continue;
          double bytes = sizeof(MessageHeader);
          for (int64_t i = rank.offsets[q]; i < rank.offsets[q + 1]; ++i) {
            const int bits = widths[t][r][i];
            bytes += bits == 0 ? 0 : 4 + static_cast<double>(payload_bytes(bits, exchanges[t].cols));
            cost.fp32_bytes += 4.0 * exchanges[t].cols;
            variance += bits == 0 ? rank.norms[i] : rank.weights[i] / std::pow(std::pow(2.0, bits) - 1, 2);
          }
          cost.fp32_bytes += sizeof(MessageHeader);
          cost.bytes += bytes;
          const bool ring = schedule == Lanes::Schedule::ring;
          LinkLoad& load = loads[static_cast<size_t>(ring ? r : host_of[r]) * places + (ring ? q : host_of[q])];
          load.bytes += bytes;
          load.messages += 1;
        }
      }
      cost.variance.push_back(variance);
      cost.seconds.push_back(schedule == Lanes::Schedule::ring ? ring_seconds(links, host_of, loads)
                                                               : all_at_once_seconds(links, loads));
    }
    return cost;
  }

  double error(const Cost& at) const {
    const Cost low = cost(lowest()), high = cost(highest());
    double error = 0;
    int varied = 0;
    for (size_t t = 0; t < exchanges.size(); ++t) {
      const double range = low.variance[t] - high.variance[t];
      if (range <= 0) continue;
      error += (at.variance[t] - high.variance[t]) / range;
      ++varied;
    }
    return varied == 0 ? 0 : error / varied;
  }

  double objective(const Cost& at, double lambda) const {
    const double low = cost(lowest()).total_seconds(), high = cost(highest()).total_seconds();
    return lambda * error(at) + (1 - lambda) * (at.total_seconds() - low) / (high - low);
  }
};

/// Hosts with links of different speeds: from 1 Gbit/s up to a few of them, and some latency.
inline LinkModel uneven_links(int hosts, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> factor(0.3, 1.0);
  LinkModel links(hosts);
  for (int a = 0; a < hosts; ++a) {
    for (int b = 0; b < hosts; ++b) {
      if (a != b) links.link(a, b) = {8e-9 * factor(random), 20e-6 * factor(random)};
    }
  }
  return links;
}

}  // namespace tersegraph::testing
