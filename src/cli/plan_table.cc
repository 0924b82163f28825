#include "cli/plan_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "cli/plan_report.h"
#include "plan/shape_work.h"
#include "run/units.h"

namespace tersegraph {
namespace {

/// Beyond the best seconds, what fewer ranks or more bits may cost.
constexpr double kNear = 1.05;

/// A dataset that is planned for several numbers of ranks is read once.
std::shared_ptr<const Dataset> loaded(const RunConfig& config) {
  if (is_shape(config.data) || is_sharded(config.data)) return nullptr;
  return std::make_shared<const Dataset>(load_dataset(config.data));
}

/// The ways in which rows may travel, most bits first.
std::vector<std::pair<std::string, int64_t>> ways(const RunConfig& config) {
  if (!config.exchange.empty()) return {{config.exchange, config.bits}};
  return {{"exact", 0}, {"uniform", 8}, {"uniform", 4}, {"uniform", 2}};
}

struct Choice {
  PlannedWork work;
  std::string link;
  RunPlan plan;
};

std::string bits_words(const Choice& choice) {
  return choice.work.config.ranks == 1 ? "-" : fmt::format("{:.3g}", choice.plan.bits.mean());
}

/// Of those near the best one, the fewest ranks, and then the most bits.
const Choice& recommended(const std::vector<Choice>& choices, const std::string& link) {
  const Choice* chosen = nullptr;
  double best = HUGE_VAL;
  for (const Choice& choice : choices) {
    if (choice.link == link) best = std::min(best, choice.plan.seconds->seconds);
  }
  for (const Choice& choice : choices) {
    if (choice.link != link || choice.plan.seconds->seconds > kNear * best) continue;
    if (chosen == nullptr || choice.work.config.ranks < chosen->work.config.ranks) chosen = &choice;
  }
  return *chosen;
}

std::vector<Choice> tabulate(const RunConfig& config, bool one_machine, const Rates& rates,
                             const std::vector<std::string>& links) {
  const std::shared_ptr<const Dataset> dataset = loaded(config);
  std::vector<int64_t> counts;
  for (int64_t ranks = 1; ranks < config.ranks; ranks *= 2) counts.push_back(ranks);
  counts.push_back(std::max<int64_t>(config.ranks, 1));
  std::vector<Choice> choices;
  for (const int64_t ranks : counts) {
    for (const auto& [exchange, bits] : ways(config)) {
      RunConfig own = config;
      own.ranks = ranks;
      own.exchange = ranks == 1 ? "exact" : exchange;
      own.bits = ranks == 1 ? 0 : bits;
      const PlannedWork work = plan_work(own, 0, dataset);
      for (const std::string& link : links) {
        const PlanPlace place{link, one_machine};
        choices.push_back({work, link, plan_run(work, place, &rates)});
      }
      if (ranks == 1) break;
    }
  }
  return choices;
}

void print_json(const std::vector<Choice>& choices, const Choice& best, bool one_machine) {
  nlohmann::ordered_json json;
  for (const Choice& choice : choices) {
    json["plans"].push_back(plan_json(choice.work, choice.plan, {choice.link, one_machine}));
  }
  json["recommended"] = {{"link", best.link},
                         {"ranks", best.work.config.ranks},
                         {"exchange", best.work.config.exchange},
                         {"bits", best.plan.bits.mean()}};
  fmt::print("{}\n", json.dump(2));
}

void print_words(const std::vector<Choice>& choices, const Choice& best, const std::vector<std::string>& links) {
  fmt::print("{:>5}  {:<9} {:>5}  {:>9}  {:>9}", "ranks", "exchange", "bits", "memory", "an epoch");
  for (const std::string& link : links) fmt::print("  {:>9}", link);
  fmt::print("\n");
  for (size_t i = 0; i < choices.size(); i += links.size()) {
    const Choice& first = choices[i];
    fmt::print("{:>5}  {:<9} {:>5}  {:>9}  {:>9}", first.work.config.ranks, first.work.config.exchange,
               bits_words(first), format_bytes(static_cast<double>(first.work.memory.total())),
               format_bytes(static_cast<double>(total(first.plan.traffic.epoch))));
    for (size_t k = 0; k < links.size(); ++k) {
      fmt::print("  {:>9}", format_seconds(choices[i + k].plan.seconds->seconds));
    }
    fmt::print("\n");
  }
  fmt::print("recommended over {}: --ranks {} --exchange {}{}\n", best.link, best.work.config.ranks,
             best.work.config.exchange,
             best.work.config.exchange == "uniform" ? fmt::format(" --bits {}", best.work.config.bits) : "");
}

}  // namespace

void print_plan_table(const RunConfig& config, const PlanPlace& place, const Rates& rates, bool as_json) {
  if (config.optimizer == "admm") fail_input("--table is for gcn and sage; ADMM's ranks share its layers");
  if (is_sharded(config.data)) fail_input("{}: shards are of one number of ranks; leave --table out", config.data);
  std::vector<std::string> links = {"1gbit", "10gbit", "25gbit", "100gbit"};
  if (std::ranges::find(links, place.link) == links.end()) links.insert(links.begin(), place.link);
  const std::vector<Choice> choices = tabulate(config, place.one_machine, rates, links);
  const Choice& best = recommended(choices, place.link);
  if (as_json) {
    print_json(choices, best, place.one_machine);
  } else {
    print_words(choices, best, links);
  }
}

}  // namespace tersegraph
