#include "cli/plan_report.h"

#include <fmt/format.h>

#include "run/units.h"

namespace tersegraph {
namespace {

using Json = nlohmann::ordered_json;

Json bytes_json(const TrafficBytes& bytes) {
  Json json = Json::object();
  for (int kind = 0; kind < kTrafficKinds; ++kind) {
    if (bytes[kind] > 0) json[std::string(traffic_name(static_cast<Traffic>(kind)))] = bytes[kind];
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

}  // namespace

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

}  // namespace tersegraph
