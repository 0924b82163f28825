#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/saved_state.h"

namespace tersegraph {

/// A checkpoint file, little-endian: the magic "TSGCKPT\n"; a version (u32) and a number of parts (u32); bytes of the
/// directory and of the file (u64 each); the directory: of each part the name's length (u32), the name, the part's
/// bytes (u64) and their checksum (u64); the parts; and the checksum of all that stands before the parts (u64).
void write_checkpoint(const std::string& path, const SavedState& state);

/// Trusts nothing. `name` opens the message. Errors: RunError for bytes that are not exactly what was written.
SavedState read_checkpoint(std::span<const std::byte> bytes, const std::string& name);

/// Where in the runs a checkpoint stands. Epoch 0: before the first one.
struct CheckpointPlace {
  int64_t run = 0, epoch = 0;
  auto operator<=>(const CheckpointPlace&) const = default;
};

/// The folder checkpoint/ of a run directory, with the two newest checkpoints.
class CheckpointFolder {
 public:
  explicit CheckpointFolder(std::filesystem::path path) : path_(std::move(path)) {}

  /// Whole or not at all, the place in it; then removes what is older than the one before. Errors: RunError.
  void save(CheckpointPlace place, SavedState state) const;

  struct Found {
    CheckpointPlace place;
    std::string path;
    std::vector<std::byte> bytes;
  };
  /// The newest one that can be read whole and is of the place that its name says. `damaged` is told of each newer one
  /// that cannot.
  std::optional<Found> newest(const std::function<void(const std::string&)>& damaged) const;

 private:
  std::vector<CheckpointPlace> places() const;
  std::filesystem::path file_of(CheckpointPlace place) const;

  std::filesystem::path path_;
};

}  // namespace tersegraph
