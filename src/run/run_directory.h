#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/observer.h"

namespace tersegraph {

/// The folder that a run leaves its results in. Everything but metrics.jsonl is written whole or not at all.
class RunDirectory {
 public:
  /// Makes the folder and its parents. Errors: InputError when it cannot be made or written, or holds something
  /// already.
  explicit RunDirectory(std::filesystem::path path);

  /// The folder of a run that goes on after `epoch`: later lines of metrics.jsonl are cut. Errors: RunError.
  static RunDirectory reopen(std::filesystem::path path, int64_t epoch);

  /// Throws the constructor's errors that can be told without touching the disk: before data is loaded, not after.
  static void check(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }

  /// One of the folder's files, whole. Errors: RunError.
  void write(const std::string& name, const std::string& contents) const;

  /// Adds a line to metrics.jsonl, behind those that could not be written before. False: it cannot be written now
  /// either; `error` says why.
  bool append_metrics(const EpochMetrics& metrics, std::string& error);
  bool has_unwritten_metrics() const { return !unwritten_.empty(); }

 private:
  struct Reopened {};
  RunDirectory(std::filesystem::path path, Reopened) : path_(std::move(path)) {}

  std::filesystem::path path_;
  std::string unwritten_;      ///< lines of metrics.jsonl
  int64_t metrics_bytes_ = 0;  ///< that are whole lines of this run
};

/// Removes what processes that were killed while they wrote have left in a folder.
void remove_temporaries(const std::filesystem::path& folder);

/// "runs/20250131T235959Z-gcn", or with "-2" and so on behind it: what is not there yet.
std::string default_run_path(const std::string& model);

}  // namespace tersegraph
