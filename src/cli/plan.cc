#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/affinity.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/run_words.h"
#include "plan/calibrate.h"
#include "plan/shape_work.h"
#include "run/lists.h"
#include "run/planning.h"
#include "run/units.h"

namespace tersegraph {
namespace {

using Json = nlohmann::ordered_json;

struct PlanWords : RunWords {
  std::string data, hosts, rates;
  PlanPlace place;
  bool calibrate = false, table = false, json = false;
};

constexpr std::string_view kNotOfPlans[] = {"data", "link", "out", "quiet", "timeout", "checkpoint-every"};

/// Beyond the best seconds, what fewer ranks or more bits may cost.
constexpr double kNear = 1.05;

int parse_hosts(const std::string& words) {
  return words.empty() ? 0 : parse_counts(words, "--hosts").front();
}

std::optional<Rates> rates_of(const PlanWords& words) {
  const std::string path = words.rates.empty() ? default_rates_path() : words.rates;
  if (words.rates.empty() && !std::filesystem::exists(path)) return std::nullopt;
  return read_rates(path);
}

RunConfig config_of(const PlanWords& words) {
  RunWords run = words;
  RunConfig config = configure(run);
  if (!words.data.empty()) config.data = words.data;
  return config;
}

/// A dataset that is planned for several numbers of ranks is read once.
std::shared_ptr<const Dataset> loaded(const RunConfig& config) {
  if (is_shape(config.data) || is_sharded(config.data)) return nullptr;
  return std::make_shared<const Dataset>(load_dataset(config.data));
}

Json bytes_json(const TrafficBytes& bytes) {
  Json json = Json::object();
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    if (bytes[kind] > 0) json[std::string(traffic_name(static_cast<Traffic>(kind)))] = bytes[kind];
  }
  return json;
}

Json plan_json(const PlannedWork& work, const RunPlan& plan, const PlanPlace& place) {
  const RunConfig& config = work.config;
  Json json = {{"data", config.data},
               {"estimate", work.estimate},
               {"model", config.model},
               {"ranks", config.ranks},
               {"hosts", work.hosts},
               {"threads", config.threads},
               {"link", place.link},
               {"exchange", config.exchange},
               {"mean_bits", plan.bits.mean()},
               {"exact_bytes", !work.estimate && plan.bits.fixed()},
               {"largest_part", work.facts.largest_part},
               {"halo_rows", work.facts.halo_rows}};
  if (!work.memory.items.empty()) json["memory_bytes"] = {{"total", work.memory.total()}};
  for (const auto& item : work.memory.items) json["memory_bytes"][item.what] = item.bytes;
  json["bytes"] = {{"epoch", bytes_json(plan.traffic.epoch)},
                   {"evaluation", bytes_json(plan.traffic.evaluation)},
                   {"once", bytes_json(plan.traffic.once)},
                   {"run", bytes_json(plan.run)}};
  if (plan.seconds) {
    json["epoch_seconds"] = plan.seconds->seconds;
    json["seconds"] = plan.seconds->phases;
  }
  return json;
}

std::string bytes_words(const TrafficBytes& bytes) {
  std::string words = format_bytes(static_cast<double>(total(bytes)));
  std::string kinds;
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    if (bytes[kind] == 0) continue;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", traffic_name(static_cast<Traffic>(kind)),
                         format_bytes(static_cast<double>(bytes[kind])));
  }
  return kinds.empty() ? "none" : fmt::format("{} ({})", words, kinds);
}

void print_plan(const PlannedWork& work, const RunPlan& plan, const PlanPlace& place) {
  const RunConfig& config = work.config;
  if (work.estimate) fmt::print("estimate: of a shape alone; its halo rows follow from a model (docs/plan.md)\n");
  fmt::print("ranks   {} on {} host{}, {} thread{} each", config.ranks, work.hosts, work.hosts == 1 ? "" : "s",
             config.threads, config.threads == 1 ? "" : "s");
  if (!work.ranks.empty()) {
    fmt::print("; {} to {} nodes a rank, {} halo rows", format_count(work.facts.smallest_part),
               format_count(work.facts.largest_part), format_count(work.facts.halo_rows));
  }
  fmt::print("\n");
  if (!work.memory.items.empty()) {
    fmt::print("memory  {} a process\n", format_bytes(static_cast<double>(work.memory.total())));
  }
  if (config.ranks > 1) {
    if (!work.layers)
      fmt::print("rows    {} exchange, {:.3g} bits a value{}\n", config.exchange, plan.bits.mean(),
                 plan.bits.fixed() ? "" : " expected");
    fmt::print("bytes   an epoch: {}\n", bytes_words(plan.traffic.epoch));
    if (!work.layers)
      fmt::print("        an evaluation: {}; once: {}\n",
                 format_bytes(static_cast<double>(total(plan.traffic.evaluation))), bytes_words(plan.traffic.once));
  }
  if (!plan.seconds) {
    fmt::print("time    unknown: measure this machine once with tersegraph plan --calibrate\n");
    return;
  }
  fmt::print("time    {} an epoch{}\n", format_seconds(plan.seconds->seconds),
             work.hosts > 1 ? " over " + place.link : "");
  for (const auto& [phase, seconds] : plan.seconds->phases) {
    if (seconds > 0) fmt::print("        {:<12} {}\n", phase, format_seconds(seconds));
  }
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

std::vector<Choice> tabulate(const PlanWords& words, const RunConfig& config, const Rates& rates,
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
        const PlanPlace place{link, words.place.one_machine};
        choices.push_back({work, link, plan_run(work, place, &rates)});
      }
      if (ranks == 1) break;
    }
  }
  return choices;
}

int print_table(const PlanWords& words, const RunConfig& config, const std::optional<Rates>& rates) {
  if (!rates) fail_input("--table needs rates of this machine: tersegraph plan --calibrate");
  if (config.optimizer == "admm") fail_input("--table is for gcn and sage; ADMM's ranks share its layers");
  if (is_sharded(config.data)) fail_input("{}: shards are of one number of ranks; leave --table out", config.data);
  std::vector<std::string> links = {"1gbit", "10gbit", "25gbit", "100gbit"};
  if (std::ranges::find(links, words.place.link) == links.end()) links.insert(links.begin(), words.place.link);
  const std::vector<Choice> choices = tabulate(words, config, *rates, links);
  const Choice& best = recommended(choices, words.place.link);
  if (words.json) {
    Json json;
    for (const Choice& choice : choices) {
      json["plans"].push_back(plan_json(choice.work, choice.plan, {choice.link, words.place.one_machine}));
    }
    json["recommended"] = {{"link", best.link},
                           {"ranks", best.work.config.ranks},
                           {"exchange", best.work.config.exchange},
                           {"bits", best.plan.bits.mean()}};
    fmt::print("{}\n", json.dump(2));
    return 0;
  }
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
  return 0;
}

int plan(const PlanWords& words) {
  if (words.calibrate) {
    const std::string path = words.rates.empty() ? default_rates_path() : words.rates;
    write_rates(calibrate(), path);
    fmt::print("rates of {} ({} cores) are in {}\n", machine_name(), allowed_cores(), path);
    return 0;
  }
  if (words.data.empty() && words.config_file.empty() && words.given.empty()) {
    fail_input("plan needs DATA, a dataset or shape:nodes=..,edges=..,features=..,classes=..; or --calibrate");
  }
  const RunConfig config = config_of(words);
  const std::optional<Rates> rates = rates_of(words);
  if (words.table) return print_table(words, config, rates);
  const PlannedWork work = plan_work(config, parse_hosts(words.hosts));
  const RunPlan plan = plan_run(work, words.place, rates ? &*rates : nullptr);
  if (words.json) {
    fmt::print("{}\n", plan_json(work, plan, words.place).dump(2));
  } else {
    print_plan(work, plan, words.place);
  }
  return 0;
}

}  // namespace

Subcommand plan_subcommand() {
  static PlanWords words;
  Subcommand command = {
      .name = "plan",
      .help = "predict bytes, memory and seconds of a run on ranks and links, without running it",
      .footer =
          "Examples:\n"
          "  tersegraph plan --calibrate                           measures this machine, once\n"
          "  tersegraph plan DATA --ranks 8 --threads 32 --link 10gbit\n"
          "  tersegraph plan DATA --ranks 16 --table               all ranks up to 16 and several links\n"
          "  tersegraph plan shape:nodes=2449029,edges=123718280,features=100,classes=47 --ranks 8",
      .arguments = {{.name = "DATA",
                     .help = "a dataset in a known format, a folder of shards, sbm:..., or shape:nodes=..,edges=.. "
                             "(directed),features=..,classes=..[,halo=rows a node]",
                     .target = &words.data,
                     .offers = Offers::files},
                    {.name = "--link",
                     .help = "speed between hosts, like 1gbit,50us",
                     .target = &words.place.link,
                     .takes = "WORDS",
                     .by_default = "10gbit"},
                    {.name = "--hosts",
                     .help = "hosts, each a machine like this one; 1: the ranks are threads of one process",
                     .target = &words.hosts,
                     .takes = "N",
                     .by_default = "one a rank"},
                    {.name = "--one-machine",
                     .help = "the hosts are emulated on one machine, whose cores they share",
                     .target = &words.place.one_machine},
                    {.name = "--table",
                     .help = "plan for 1, 2, 4, ... ranks up to --ranks, for several links and ways of exchanging rows",
                     .target = &words.table},
                    {.name = "--calibrate",
                     .help = "measure this machine's rates and keep them",
                     .target = &words.calibrate},
                    {.name = "--rates",
                     .help = "file of measured rates",
                     .target = &words.rates,
                     .takes = "FILE.json",
                     .by_default = "in ~/.cache/tersegraph",
                     .offers = Offers::files},
                    {.name = "--json", .help = "print JSON", .target = &words.json}},
      .run = [] { return plan(words); }};
  for (Argument& argument : run_arguments(words, kNotOfPlans)) command.arguments.push_back(std::move(argument));
  return command;
}

}  // namespace tersegraph
