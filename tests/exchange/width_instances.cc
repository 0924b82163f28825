// Prints instances of the width assignment and what was chosen for them, as JSON for compare_with_highs.py.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "width_world.h"

namespace {

using tersegraph::testing::WidthWorld;

void print(const WidthWorld& world, double lambda, bool last) {
  const auto choice = world.choose({tersegraph::AssignerGoal::Form::balance, lambda, {}});
  const bool ring = world.schedule == tersegraph::Lanes::Schedule::ring;
  fmt::print("{{\"schedule\": \"{}\", \"lambda\": {}, \"allowed\": {}, \"links\": {}, \"hosts\": {}, \"host_of\": {}, ",
             ring ? "ring" : "all_at_once", lambda, world.allowed, world.links.numbers(), world.links.hosts(),
             world.host_of);
  fmt::print("\"bound\": {}, \"exchanges\": [", choice.decision.bound);
  for (size_t t = 0; t < world.exchanges.size(); ++t) {
    fmt::print("{}{{\"cols\": {}, \"ranks\": [", t == 0 ? "" : ", ", world.exchanges[t].cols);
    for (int r = 0; r < world.ranks(); ++r) {
      const auto& rank = world.exchanges[t].ranks[r];
      fmt::print("{}{{\"offsets\": {}, \"weights\": {}, \"widths\": {}}}", r == 0 ? "" : ", ", rank.offsets,
                 rank.weights, std::vector<int>(choice.widths[t][r].begin(), choice.widths[t][r].end()));
    }
    fmt::print("]}}");
  }
  fmt::print("]}}{}\n", last ? "" : ",");
}

}  // namespace

int main() {
  using tersegraph::Lanes;
  fmt::print("[");
  for (const Lanes::Schedule schedule : {Lanes::Schedule::all_at_once, Lanes::Schedule::ring}) {
    for (const double lambda : {0.2, 0.5, 0.8}) {
      WidthWorld world;
      world.links = tersegraph::testing::uneven_links(3, 5);
      world.host_of = {0, 1, 2};
      world.schedule = schedule;
      if (lambda == 0.5) world.allowed = {1, 2, 3, 4, 6, 8};
      // Enough messages that one step a lane, which a continuous optimum may split, is less than 0.1 %.
      world.fill(1, 64, 6000, 17);
      print(world, lambda, schedule == Lanes::Schedule::ring && lambda == 0.8);
    }
  }
  fmt::print("]\n");
}
