#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include "base/observer.h"
#include "base/timer.h"

namespace tersegraph {

/// One line that is written anew while a run goes on: epoch, loss, validation score, bytes sent, time left. Only a
/// terminal gets it; elsewhere nothing is printed.
class ProgressBar {
 public:
  ProgressBar(std::FILE* stream, int64_t epochs, std::string title);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(const EpochMetrics& metrics);
  void clear();

 private:
  std::FILE* stream_;
  bool terminal_;
  int64_t epochs_;
  std::string title_;
  Timer since_start_, since_drawn_;
  bool drawn_ = false;
  int64_t bytes_ = 0;
  std::string val_score_;
};

/// Columns; 80 where it is no terminal.
int terminal_width(std::FILE* stream);

/// The line's text, at most `width` columns. `fraction` of the epochs are done.
std::string progress_line(const std::string& title, double fraction, const std::string& facts, int width);

}  // namespace tersegraph
