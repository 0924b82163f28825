#pragma once

namespace tersegraph {

/// While it lives, a segmentation fault ends the process with a line of these words and exit code 3: for calls of
/// libraries that crash where memory is lacking. One at a time. The words must outlive it.
class CrashWords {
 public:
  explicit CrashWords(const char* words);
  ~CrashWords();
  CrashWords(const CrashWords&) = delete;
  CrashWords& operator=(const CrashWords&) = delete;

 private:
  void (*outer_)(int);
};

}  // namespace tersegraph
