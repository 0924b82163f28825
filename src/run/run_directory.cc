#include "run/run_directory.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "run/results.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_directory(const fs::path& path, const std::string& reason) {
  fail_input("--out {}: {}; choose another folder", path.string(), reason);
}

// Whole lines of epochs up to `epoch`, and nothing behind the first other one.
std::string lines_until(const std::string& text, int64_t epoch) {
  size_t end = 0;
  for (size_t next = 0; (next = text.find('\n', end)) != std::string::npos; end = next + 1) {
    const Json line = Json::parse(text.substr(end, next - end), nullptr, false);
    const auto number = line.is_object() ? line.find("epoch") : line.end();
    if (number == line.end() || !number->is_number_integer() || number->get<int64_t>() > epoch) break;
  }
  return text.substr(0, end);
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

void remove_temporaries(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator file(folder, error), end; !error && file != end; file.increment(error)) {
    if (file->path().extension() == ".tmp") fs::remove(file->path(), error);
  }
}

RunDirectory RunDirectory::reopen(fs::path path, int64_t epoch) {
  RunDirectory directory(std::move(path), Reopened{});
  remove_temporaries(directory.path_);
  const std::string metrics = directory.path_ / "metrics.jsonl";
  if (fs::exists(metrics)) {
    const std::string kept = lines_until(read_file(metrics), epoch);
    directory.write("metrics.jsonl", kept);
    directory.metrics_bytes_ = std::ssize(kept);
  }
  return directory;
}

void RunDirectory::write(const std::string& name, const std::string& contents) const {
  try {
    write_file_atomically((path_ / name).string(), contents);
  } catch (const InputError& error) {
    fail_run("{}", error.what());
  }
}

bool RunDirectory::append_metrics(const EpochMetrics& metrics, std::string& error) {
  unwritten_ += to_json(metrics).dump() + '\n';
  const std::string path = path_ / "metrics.jsonl";
  // Opened anew each time, since the folder may have gone. Once there are lines the file is not made again: it would
  // begin in the middle.
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC | (metrics_bytes_ == 0 ? O_CREAT : 0), 0666);
  const auto size = std::ssize(unwritten_);
  if (file < 0 || pwrite(file, unwritten_.data(), unwritten_.size(), metrics_bytes_) != size) {
    error = fmt::format("{}: cannot write: {}", path, std::strerror(errno));
    if (file >= 0) {
      [[maybe_unused]] const int ignored = ftruncate(file, metrics_bytes_);
      close(file);
    }
    return false;
  }
  close(file);
  metrics_bytes_ += size;
  unwritten_.clear();
  return true;
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
