#include "run/fingerprint.h"

#include <sstream>

#include "base/error.h"
#include "comm/collectives.h"
#include "data/contents_checksum.h"
#include "run/options.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

/// Options that may differ between ranks, or change when a run goes on.
constexpr std::string_view kFree[] = {"data",    "ranks",  "layer-ranks",      "node-ranks",
                                      "threads", "epochs", "checkpoint-every", "link"};

uint64_t checksum_of(const Job& job) {
  if (job.sharded()) return job.manifest->fingerprint;  // splits follow from it and the options
  uint64_t sum = 0;
  add_checksum(sum, job.aggregation);
  add_checksum(sum, job.dataset->features.dense), add_checksum(sum, job.dataset->features.sparse);
  add_checksum(sum, job.dataset->labels);
  add_checksum(sum, job.splits);
  return sum;
}

}  // namespace

std::string Fingerprint::text() const {
  std::string text = fmt::format("{}\n{}\n", version, data);
  for (const auto& [name, word] : options) text += fmt::format("{} {}\n", name, word);
  return text;
}

Fingerprint Fingerprint::parse(const std::string& text) {
  Fingerprint result;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, result.version);
  std::getline(lines, line);
  std::istringstream(line) >> result.data;
  while (std::getline(lines, line)) {
    const size_t space = std::min(line.find(' '), line.size());
    result.options[line.substr(0, space)] = line.substr(std::min(space + 1, line.size()));
  }
  return result;
}

Fingerprint fingerprint_of(const Job& job) {
  Fingerprint result{version(), {}, checksum_of(job)};
  for (const Option& option : options()) {
    if (!option.repeats || std::ranges::find(kFree, option.name) != std::end(kFree)) continue;
    result.options[std::string(option.name)] = option_word(job.config, option);
  }
  return result;
}

std::optional<std::string> difference(const Fingerprint& there, const Fingerprint& here) {
  if (there.version != here.version) {
    return fmt::format("version {} of the program there, {} here", there.version, here.version);
  }
  for (const auto& [name, word] : here.options) {
    const auto other = there.options.find(name);
    if (other == there.options.end()) return fmt::format("--{} is unknown there", name);
    if (other->second != word) return fmt::format("--{} is '{}' there and '{}' here", name, other->second, word);
  }
  if (there.data != here.data) return "the data (graph, features, labels or split) is not the same";
  return std::nullopt;
}

void compare_ranks(const Fingerprint& mine, Channel& channel) {
  const std::string text = mine.text();
  const auto all = all_gather(channel, Traffic::setup, std::as_bytes(std::span(text)));
  const auto text_of = [&](size_t rank) {
    return std::string(reinterpret_cast<const char*>(all[rank].data()), all[rank].size());
  };
  const Fingerprint first = Fingerprint::parse(text_of(0));
  agree(channel, [&] {
    for (size_t rank = 1; rank < all.size(); ++rank) {
      const auto differs = difference(Fingerprint::parse(text_of(rank)), first);
      if (differs)
        fail_input("rank {} ('there') and rank 0 ('here') disagree: {}; start all ranks alike", rank, *differs);
    }
  });
}

}  // namespace tersegraph
