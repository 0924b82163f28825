#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "base/affinity.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/plan_report.h"
#include "cli/plan_table.h"
#include "cli/run_words.h"
#include "plan/calibrate.h"
#include "run/lists.h"
#include "run/planning.h"

namespace tersegraph {
namespace {

struct PlanWords : RunWords {
  std::string data, hosts, rates;
  PlanPlace place;
  bool calibrate = false, table = false, json = false;
};

constexpr std::string_view kNotOfPlans[] = {"data", "link", "out", "quiet", "timeout", "checkpoint-every"};

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
  if (words.table) {
    if (!rates) fail_input("--table needs rates of this machine: tersegraph plan --calibrate");
    print_plan_table(config, words.place, *rates, words.json);
    return 0;
  }
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
