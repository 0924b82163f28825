#include "base/rank_threads.h"

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "base/parallel.h"

namespace tersegraph {
namespace {

using Control = unsigned long;

#if defined(__SSE2__)
constexpr Control kFlush = 0x8040;  // results that are denormal, and operands
Control control() {
  return _mm_getcsr();
}
void set_control(Control word) {
  _mm_setcsr(static_cast<unsigned>(word));
}
#elif defined(__aarch64__)
constexpr Control kFlush = 1ul << 24;
Control control() {
  Control word = 0;
  asm volatile("mrs %0, fpcr" : "=r"(word));
  return word;
}
void set_control(Control word) {
  asm volatile("msr fpcr, %0" : : "r"(word));
}
#else
constexpr Control kFlush = 0;
Control control() {
  return 0;
}
void set_control(Control) {}
#endif

/// On the calling thread, and on those that work for it: GNU's OpenMP does not hand it to threads that it has already.
/// LLVM's does, and takes back at the end of a region what was set within it: the calling thread comes first.
void set_control_of_all(Control word) {
  set_control(word);
#pragma omp parallel
  set_control(word);
}

}  // namespace

RankThreads::RankThreads(int threads) : threads_before_(thread_count()), control_before_(control()) {
  set_thread_count(threads);
  set_control_of_all(control_before_ | kFlush);
}

RankThreads::~RankThreads() {
  set_control_of_all(control_before_);
  set_thread_count(threads_before_);
}

}  // namespace tersegraph
