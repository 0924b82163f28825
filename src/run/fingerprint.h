#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "comm/channel.h"
#include "run/job.h"

namespace tersegraph {

/// What a run's numbers depend on: the program's version, the options by name, and a checksum of graph, features,
/// labels and splits. Neither where data and results lie nor what may change between two starts of a run belongs to it.
struct Fingerprint {
  std::string version;
  std::map<std::string, std::string> options;
  uint64_t data = 0;

  std::string text() const;
  static Fingerprint parse(const std::string& text);
};

Fingerprint fingerprint_of(const Job& job);

/// The first thing in which they differ, for a message: "--lr is 0.1 there and 0.2 here".
std::optional<std::string> difference(const Fingerprint& there, const Fingerprint& here);

/// Errors: InputError, on every rank, naming the rank and what it has otherwise than rank 0. Collective.
void compare_ranks(const Fingerprint& mine, Channel& channel);

}  // namespace tersegraph
