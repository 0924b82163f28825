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

/// From now on a crash where the address space is limited (ulimit -v) ends the process with a line that says so and
/// exit code 3: the stack may not grow, and what throws and unwinds may find no memory for itself. Other crashes stay
/// what they are. Call on the main thread.
void explain_crashes_for_memory();

}  // namespace tersegraph
