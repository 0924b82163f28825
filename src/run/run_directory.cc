#include "run/run_directory.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "run/results.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_directory(const fs::path& path, const std::string& reason) {
  fail_input("--out {}: {}; choose another folder", path.string(), reason);
}

// The nearest ancestor that exists: what decides whether the folder can be made.
fs::path nearest_existing(fs::path path) {
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
  return path;
}

}  // namespace

void RunDirectory::check(const fs::path& path) {
  std::error_code error;
  const fs::path existing = nearest_existing(fs::absolute(path));
  if (!fs::is_directory(existing, error)) fail_directory(path, fmt::format("{} is not a folder", existing.string()));
  if (access(existing.c_str(), W_OK | X_OK) != 0) {
    fail_directory(path, fmt::format("{} cannot be written ({})", existing.string(), std::strerror(errno)));
  }
  if (!fs::is_directory(path, error)) return;
  if (fs::exists(path / "config.toml", error))
    fail_directory(path, "holds the results of a run, which are not overwritten");
  if (!fs::is_empty(path, error)) fail_directory(path, "is not empty");
}

RunDirectory::RunDirectory(fs::path path) : path_(std::move(path)) {
  check(path_);
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) fail_directory(path_, fmt::format("cannot be made ({})", error.message()));
}

void RunDirectory::write(const std::string& name, const std::string& contents) const {
  write_file_atomically((path_ / name).string(), contents);
}

void RunDirectory::append_metrics(const EpochMetrics& metrics) {
  if (!metrics_.is_open()) metrics_.open(path_ / "metrics.jsonl", std::ios::app | std::ios::binary);
  metrics_ << to_json(metrics).dump() << '\n' << std::flush;
  if (!metrics_) fail_run("cannot write {}: {}", (path_ / "metrics.jsonl").string(), std::strerror(errno));
}

std::string default_run_path(const std::string& model) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string path =
      fmt::format("runs/{:%Y%m%dT%H%M%SZ}-{}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), model);
  // Runs that start within a second of each other.
  std::string free = path;
  for (int next = 2; fs::exists(free); ++next) free = fmt::format("{}-{}", path, next);
  return free;
}

}  // namespace tersegraph
