#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "base/observer.h"

namespace tersegraph {

/// The folder that a run leaves its results in. Everything but metrics.jsonl is written whole or not at all.
class RunDirectory {
 public:
  /// Makes the folder and its parents. Errors: InputError when it cannot be made or written, or holds something
  /// already.
  explicit RunDirectory(std::filesystem::path path);

  /// Throws the constructor's errors that can be told without touching the disk: before data is loaded, not after.
  static void check(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }

  /// One of the folder's files, whole.
  void write(const std::string& name, const std::string& contents) const;

  /// Adds a line to metrics.jsonl and flushes it.
  void append_metrics(const EpochMetrics& metrics);

 private:
  std::filesystem::path path_;
  std::ofstream metrics_;
};

/// "runs/20250131T235959Z-gcn", or with "-2" and so on behind it: what is not there yet.
std::string default_run_path(const std::string& model);

}  // namespace tersegraph
