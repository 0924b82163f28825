#pragma once

#include <omp.h>

namespace tersegraph {

/// While it lives, oneDNN stays on the calling thread. In a parallel region it does so by itself, but a team of one
/// does not count as such, and its own threads would change the order of sums.
class OneThread {
 public:
  OneThread() : outer_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(outer_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int outer_;
};

}  // namespace tersegraph
