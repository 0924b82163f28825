#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace tersegraph {

/// Ends the process, with a line and exit code 3, when this has lived for `seconds` (0: it may).
class Deadline {
 public:
  Deadline(double seconds, std::string words);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  void run(double seconds, const std::string& words);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool met_ = false;
  std::thread thread_;
};

}  // namespace tersegraph
