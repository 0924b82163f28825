#include "run/resume.h"

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "comm/collectives.h"
#include "comm/launch.h"
#include "run/config.h"
#include "train/saved_result.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

const std::string kFingerprintPart = "run/fingerprint", kRecordsPart = "run/records";

std::optional<CheckpointFolder::Found> newest_of(const RunConfig& config) {
  const fs::path folder = fs::path(config.out) / "checkpoint";
  bool damaged = false;
  const auto found = CheckpointFolder(folder).newest([&](const std::string& error) {
    damaged = true;
    fmt::print(stderr, "tersegraph: warning: {}; the checkpoint before it is tried\n", error);
  });
  if (!found && damaged) {
    fail_run("no checkpoint in {} can be read; repeat the run by tersegraph train --config {}/config.toml",
             folder.string(), config.out);
  }
  return found;
}

/// Axes that were of other ranks are forgotten.
void change_ranks(RunConfig& config, const ResumeChanges& changes) {
  const bool axes = changes.layer_ranks > 0 || changes.node_ranks > 0;
  const int64_t before = config.ranks;
  if (changes.ranks > 0) {
    config.ranks = changes.ranks;
  } else if (launched_ranks() > 1) {
    config.ranks = launched_ranks();
  } else if (axes) {
    config.ranks = 0;
  }
  if (!axes && config.ranks == before) return;
  config.layer_ranks = changes.layer_ranks;
  config.node_ranks = changes.node_ranks;
}

}  // namespace

RunConfig resumed_config(const std::string& directory, const ResumeChanges& changes) {
  const std::string file = directory + "/config.toml";
  if (!fs::exists(file)) fail_input("--resume {}: there is no config.toml; it takes the folder of a run", directory);
  RunConfig config;
  read_config(file, config);
  config.out = directory;
  config.quiet = changes.quiet;
  config.timeout = changes.timeout;
  if (changes.threads > 0) config.threads = changes.threads;
  change_ranks(config, changes);
  if (changes.epochs > 0) {
    if (changes.epochs < config.epochs) {
      fail_input("--epochs {}: the run in {} is one of {}; a run that goes on may only have more", changes.epochs,
                 directory, config.epochs);
    }
    if (config.runs > 1) fail_input("--epochs cannot change when a run of several seeds goes on");
    config.epochs = changes.epochs;
  }
  return config;
}

std::optional<std::string> finished_words(const RunConfig& config) {
  const std::string file = config.out + "/summary.json";
  if (!fs::exists(file)) return std::nullopt;
  const Json summary = Json::parse(read_file(file), nullptr, false);
  if (!summary.is_object() || !summary.contains("ending") || !summary["ending"].is_string()) return std::nullopt;
  const std::string ending = summary["ending"];
  if (ending == ending_name(Ending::stopped)) return std::nullopt;
  const auto epochs = summary.find("epochs");
  const bool counted = epochs != summary.end() && epochs->is_number();
  const bool longer = counted && ending == ending_name(Ending::finished) && config.runs == 1 &&
                      epochs->get<double>() < static_cast<double>(config.epochs);
  if (longer) return std::nullopt;
  return fmt::format("the run in {} has ended ({}): there is nothing left to do", config.out, ending);
}

Resumption find_resumption(const RunConfig& config, Channel* channel) {
  std::optional<CheckpointFolder::Found> found;
  if (channel == nullptr) {
    found = newest_of(config);
  } else {
    agree(*channel, [&] {
      if (channel->rank() == 0) found = newest_of(config);
    });
    const int64_t place[] = {found ? found->place.run : -1, found ? found->place.epoch : 0};
    const std::span<const std::byte> mine = found ? std::span<const std::byte>(found->bytes) : std::span<std::byte>();
    const auto places = all_gather(*channel, Traffic::setup, std::as_bytes(std::span(place)));
    auto bytes = all_gather(*channel, Traffic::setup, mine);
    int64_t first[2];
    std::memcpy(first, places[0].data(), sizeof first);
    if (first[0] >= 0 && channel->rank() != 0) {
      found = CheckpointFolder::Found{{first[0], first[1]}, "rank 0's checkpoint", std::move(bytes[0])};
    }
  }
  if (!found) return {};
  return {found->place, read_checkpoint(found->bytes, found->path), found->path};
}

void check_resumption(const Resumption& resumption, const Fingerprint& fingerprint, const RunConfig& config) {
  if (resumption.file.empty()) return;
  if (resumption.place.run >= config.runs) {
    fail_input("{} is of run {}, but config.toml has {}", resumption.file, resumption.place.run + 1, config.runs);
  }
  const std::vector<std::byte>& text = resumption.state.bytes(kFingerprintPart);
  const auto differs =
      difference(Fingerprint::parse(std::string(reinterpret_cast<const char*>(text.data()), text.size())), fingerprint);
  if (differs) fail_input("{} ('there') does not continue as this run ('here'): {}", resumption.file, *differs);
}

SavedState common_parts(const Fingerprint& fingerprint, const std::vector<RunRecord>& records) {
  SavedState parts;
  const std::string text = fingerprint.text();
  parts.set_values(kFingerprintPart, text.data(), std::ssize(text));
  std::vector<std::byte> bytes;
  for (const RunRecord& record : records) {
    append_values(bytes, &record.seed, 1);
    append_values(bytes, &record.wall_seconds, 1);
    append_values(bytes, &record.bytes_per_epoch, 1);
    append_result(bytes, record.result);
  }
  parts.set_bytes(kRecordsPart, std::move(bytes));
  return parts;
}

std::vector<RunRecord> saved_records(const SavedState& state) {
  std::vector<RunRecord> records;
  for (ByteReader reader = state.reader(kRecordsPart); !reader.done();) {
    RunRecord& record = records.emplace_back();
    reader.read(&record.seed, 1);
    reader.read(&record.wall_seconds, 1);
    reader.read(&record.bytes_per_epoch, 1);
    record.result = read_result(reader);
  }
  return records;
}

}  // namespace tersegraph
