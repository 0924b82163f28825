#include "kernels/sgemm.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <sys/mman.h>

#include "base/crash_words.h"
#include "base/error.h"

namespace tersegraph {
namespace {

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

constexpr const char kNoMemory[] = "no memory is left for the kernels of oneDNN";

/// oneDNN crashes where it gets no memory for the kernels that it writes at the first call. Memory is tried before;
/// where it goes just then, a line is what is left to do.
bool write_kernels() {
  constexpr size_t kRoom = 16 << 20;
  void* const room = mmap(nullptr, kRoom, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) fail_run(kNoMemory);
  munmap(room, kRoom);
  const CrashWords crash(kNoMemory);
  constexpr int64_t kSide = 64;  // smaller ones go other ways
  float a[kSide * kSide] = {}, c[kSide * kSide];
  dnnl_sgemm('N', 'N', kSide, kSide, kSide, 1.0f, a, kSide, a, kSide, 0.0f, c, kSide);
  return true;
}

}  // namespace

void Sgemm::run() const {
  const OneThread one_thread;
  [[maybe_unused]] static const bool written = write_kernels();
  const dnnl_status_t status =
      dnnl_sgemm(transpose_a, transpose_b, m, n, k, alpha, a, a_stride, b, b_stride, beta, c, c_stride);
  if (status == dnnl_success) return;
  fail_run("oneDNN could not multiply matrices ({}, {}) and ({}, {}): status {}; see that memory is left", m, k, k, n,
           static_cast<int>(status));
}

}  // namespace tersegraph
