// Milliseconds that the width assignment takes on one thread, as JSON.
//   assigner_bench [MESSAGES [HOSTS [COLS]]]      (2000000 messages, 4 hosts, 256 columns)
// Messages are spread over five exchanges (three layers) and all pairs of hosts. "histogram" is what every rank does
// for its own messages, "decide" what every rank does alike, "assign" again for its own messages. Times are the least
// of five.
#include <fmt/format.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "base/timer.h"
#include "exchange/bit_assigner.h"

namespace tersegraph {
namespace {

constexpr int kExchanges = 5, kRuns = 5;

struct Rank {
  std::vector<int64_t> offsets{0};
  std::vector<float> weights, norms;
  std::vector<uint8_t> widths;
};

struct Bench {
  int hosts;
  int64_t cols;
  int64_t messages;
  std::vector<std::vector<Rank>> exchanges;
  std::vector<int> host_of;
  LinkModel links;

  Bench(int hosts, int64_t cols, int64_t wanted) : hosts(hosts), cols(cols), messages(0), links(hosts) {
    std::mt19937 random(1);
    std::lognormal_distribution<float> weight(0.0f, 1.5f);
    std::uniform_real_distribution<double> factor(0.3, 1.0);
    const int64_t each = wanted / (kExchanges * hosts * (hosts - 1));
    for (int h = 0; h < hosts; ++h) {
      host_of.push_back(h);
      for (int q = 0; q < hosts; ++q) {
        if (q != h) links.link(h, q) = {8e-9 * factor(random), 50e-6};
      }
    }
    for (int t = 0; t < kExchanges; ++t) {
      exchanges.emplace_back(hosts);
      for (int h = 0; h < hosts; ++h) {
        Rank& rank = exchanges.back()[h];
        for (int q = 0; q < hosts; ++q) {
          for (int64_t i = 0; i < (q == h ? 0 : each); ++i) {
            rank.weights.push_back(weight(random));
            rank.norms.push_back(rank.weights.back() * weight(random));
          }
          rank.offsets.push_back(static_cast<int64_t>(rank.weights.size()));
        }
        rank.widths.resize(rank.weights.size());
        messages += static_cast<int64_t>(rank.weights.size());
      }
    }
  }

  /// One line of JSON: the least milliseconds of each part and of all together.
  std::string measure(const std::string& name, const AssignerGoal& goal, const std::vector<int>& allowed) {
    const bool dropping = allowed.front() == 0;
    double least[4] = {1e9, 1e9, 1e9, 1e9};
    WidthDecision decision;
    for (int run = 0; run < kRuns; ++run) {
      const Timer timer;
      const WidthLadder ladder(allowed, cols);
      const Lanes lanes(links, host_of, Lanes::Schedule::all_at_once);
      SlopeHistograms histograms(kExchanges, lanes.count());
      for (int t = 0; t < kExchanges; ++t) {
        float steepest = 0;
        for (const Rank& rank : exchanges[t]) {
          steepest = std::max(steepest, steepest_step(ladder, costs_of(rank, dropping)));
        }
        histograms.set_steepest(t, steepest);
        for (int h = 0; h < hosts; ++h) {
          histograms.add(t, ladder, cols, costs_of(exchanges[t][h], dropping), lanes.from(h));
        }
      }
      const double counted = timer.seconds();
      decision = decide_widths(goal, histograms, lanes);
      const double decided = timer.seconds();
      for (int t = 0; t < kExchanges; ++t) {
        for (int h = 0; h < hosts; ++h) {
          Rank& rank = exchanges[t][h];
          assign_widths(decision, t, ladder, costs_of(rank, dropping), lanes.from(h), rank.widths);
        }
      }
      const double parts[4] = {counted, decided - counted, timer.seconds() - decided, timer.seconds()};
      for (int k = 0; k < 4; ++k) least[k] = std::min(least[k], 1e3 * parts[k]);
    }
    return fmt::format(
        "    {{\"goal\": \"{}\", \"widths\": {}, \"total_ms\": {:.1f}, \"histogram_ms\": {:.1f}, \"decide_ms\": "
        "{:.1f}, "
        "\"assign_ms\": {:.1f}, \"mean_bits\": {:.3f}, \"error\": {:.5f}, \"met\": {}}}",
        name, allowed.size(), least[3], least[0], least[1], least[2], mean_bits(), decision.error, decision.met);
  }

 private:
  static MessageCosts costs_of(const Rank& rank, bool dropping) {
    return {rank.offsets, rank.weights, dropping ? std::span<const float>(rank.norms) : std::span<const float>()};
  }
  double mean_bits() const {
    double sum = 0;
    for (const auto& exchange : exchanges) {
      for (const Rank& rank : exchange) {
        for (const uint8_t width : rank.widths) sum += width;
      }
    }
    return sum / static_cast<double>(messages);
  }
};

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  using namespace tersegraph;
  using Form = AssignerGoal::Form;
  const int64_t messages = argc > 1 ? std::stoll(argv[1]) : 2'000'000;
  const int hosts = argc > 2 ? std::stoi(argv[2]) : 4;
  const int64_t cols = argc > 3 ? std::stoll(argv[3]) : 256;
  Bench bench(hosts, cols, messages);
  const std::vector<int> paper{2, 4, 8}, all{1, 2, 3, 4, 6, 8}, dropping{0, 1, 2, 3, 4, 6, 8};
  // Budgets amid what the widths can reach.
  const double all_at_4 = 1e-9 * 8 * 0.65 * static_cast<double>(bench.messages) / hosts * (cols / 2.0 + 4);
  const AssignerGoal balance{Form::balance, 0.5, {}}, bytes{Form::bytes, 0.13, {}}, time{Form::time, all_at_4, {}},
      error{Form::error, 0.02, {}}, slack{Form::slack, 0, std::vector<double>(5, all_at_4 / 5)};
  fmt::print("{{\"messages\": {}, \"hosts\": {}, \"cols\": {}, \"exchanges\": 5, \"threads\": 1, \"results\": [\n",
             bench.messages, hosts, cols);
  fmt::print("{},\n", bench.measure("balance", balance, paper));
  fmt::print("{},\n", bench.measure("balance", balance, all));
  fmt::print("{},\n", bench.measure("balance", balance, dropping));
  fmt::print("{},\n", bench.measure("bytes", bytes, all));
  fmt::print("{},\n", bench.measure("time", time, all));
  fmt::print("{},\n", bench.measure("error", error, all));
  fmt::print("{}\n  ]}}\n", bench.measure("slack", slack, all));
}
