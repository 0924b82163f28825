#include "base/unfinished.h"

#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

namespace tersegraph {
namespace {

struct Paths {
  std::mutex mutex;
  std::set<std::string> all;
};

/// Never destroyed: what is written while the process ends finds it there.
Paths& paths() {
  static auto& made = *new Paths;
  return made;
}

void remove(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

}  // namespace

Unfinished::~Unfinished() {
  if (path_.empty()) return;
  const std::string path = path_;
  finished();
  remove(path);
}

bool Unfinished::begin(const std::string& path, const std::function<bool()>& make) {
  const std::lock_guard lock(paths().mutex);
  if (!make()) return false;
  path_ = path;
  paths().all.insert(path);
  return true;
}

void Unfinished::finished() {
  const std::lock_guard lock(paths().mutex);
  paths().all.erase(std::exchange(path_, {}));
}

void remove_unfinished() {
  paths().mutex.lock();
  for (const std::string& path : paths().all) remove(path);
}

}  // namespace tersegraph
