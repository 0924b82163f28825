#pragma once

#include <functional>
#include <string>

namespace tersegraph {

/// A file or folder that is being written under a name of its own, and removed unless it was finished.
class Unfinished {
 public:
  Unfinished() = default;
  ~Unfinished();
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  /// Runs `make`, which makes it; where that fails (false) nothing is there to be removed.
  bool begin(const std::string& path, const std::function<bool()>& make);
  const std::string& path() const { return path_; }
  /// It has another name now.
  void finished();

 private:
  std::string path_;
};

/// Removes all of them, for a process that is about to end: none can be begun or finished after that.
void remove_unfinished();

}  // namespace tersegraph
