#pragma once

#include <omp.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <utility>

namespace tersegraph {

/// Threads that the calling rank computes with. A rank is a thread or a process; the setting belongs to it alone.
inline int thread_count() {
  return omp_get_max_threads();
}
inline void set_thread_count(int threads) {
  omp_set_num_threads(threads);
}

/// While it lives, the calling rank's thread calls `progress` between blocks of parallel_blocks, so that messages move
/// while the rank computes. (MPI moves nothing on its own.)
class ProgressScope {
 public:
  explicit ProgressScope(std::function<void()> progress) : progress_(std::move(progress)), outer_(current()) {
    current() = &progress_;
  }
  ~ProgressScope() { current() = outer_; }
  ProgressScope(const ProgressScope&) = delete;
  ProgressScope& operator=(const ProgressScope&) = delete;

  static std::function<void()>*& current() {
    static thread_local std::function<void()>* hook = nullptr;
    return hook;
  }

 private:
  std::function<void()> progress_;
  std::function<void()>* outer_;
};

/// Carries an exception out of a parallel region. After the first one, what is guarded is skipped.
class FirstFailure {
 public:
  template <class Work>
  void guard(Work&& work) {
    if (failed_.load(std::memory_order_relaxed)) return;
    try {
      work();
    } catch (...) {
      if (!failed_.exchange(true)) failure_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::atomic<bool> failed_ = false;
  std::exception_ptr failure_;
};

/// Calls body(begin, end) for consecutive blocks of `block` rows (the last may be shorter), in any order, in parallel.
/// The blocks do not depend on the number of threads: a sum that each block makes for itself is the same on any of
/// them. What `body` or the progress call throws (a lost peer) leaves here once all threads are; the
/// blocks that had not begun are skipped then.
template <class Body>
void parallel_blocks(int64_t rows, int64_t block, Body&& body) {
  if (rows <= 0) return;
  const int64_t blocks = (rows + block - 1) / block;
  std::function<void()>* const progress = ProgressScope::current();
  FirstFailure failure;
#pragma omp parallel for schedule(dynamic, 1) if (blocks > 1)
  for (int64_t b = 0; b < blocks; ++b) {
    failure.guard([&] {
      body(b * block, b * block + block < rows ? b * block + block : rows);
      if (omp_get_thread_num() == 0 && progress != nullptr) (*progress)();
    });
  }
  failure.rethrow();
}

}  // namespace tersegraph
