#include "kernels/sgemm.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <sys/mman.h>

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

/// oneDNN writes its kernels at the first call, and crashes where it gets no memory for them.
bool make_sure_of_memory() {
  constexpr size_t kKernels = 16 << 20;
  void* const room = mmap(nullptr, kKernels, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) fail_run("no memory is left for the kernels of oneDNN");
  munmap(room, kKernels);
  return true;
}

}  // namespace

void Sgemm::run() const {
  [[maybe_unused]] static const bool ready = make_sure_of_memory();
  const OneThread one_thread;
  const dnnl_status_t status =
      dnnl_sgemm(transpose_a, transpose_b, m, n, k, alpha, a, a_stride, b, b_stride, beta, c, c_stride);
  if (status == dnnl_success) return;
  fail_run("oneDNN could not multiply matrices ({}, {}) and ({}, {}): status {}; see that memory is left", m, k, k, n,
           static_cast<int>(status));
}

}  // namespace tersegraph
