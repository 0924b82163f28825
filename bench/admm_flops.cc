#include "admm_flops.h"

#include <oneapi/dnnl/dnnl.h>

#include <algorithm>

#include "base/error.h"
#include "base/matrix.h"
#include "base/parallel.h"

namespace tersegraph {

nlohmann::json least_gflop(const AdmmWork& work, int64_t classes) {
  if (work.columns < work.neurons || work.columns < work.inputs) {
    fail_input("the least work is only known for no fewer columns than neurons and inputs");
  }
  const auto m = static_cast<double>(work.columns), n = static_cast<double>(work.neurons),
             d = static_cast<double>(work.inputs), c = static_cast<double>(classes);
  const double hidden = work.layers - 2, factor = n * n * n / 3.0;
  nlohmann::json out;
  double total = 0.0;
  const auto add = [&](const char* what, double flops) {
    out[what] = flops * 1e-9;
    total += flops * 1e-9;
  };
  add("p: W W^T and factor", hidden * (n * n * n + factor) + c * c * n);
  add("p: (z - b) W^T", hidden * 2.0 * m * n * n + 2.0 * m * n * c);
  add("p: solves", hidden * 2.0 * m * n * n + 4.0 * m * n * c);
  add("W: p^T p and factor", (hidden + 1.0) * (m * n * n + factor));
  add("W: p^T z", hidden * 2.0 * m * n * n + 2.0 * m * n * c);
  add("W: solves", hidden * 2.0 * n * n * n + 2.0 * n * n * c);
  add("z: p W", hidden * 2.0 * m * n * n + 2.0 * m * n * c);
  add("first layer: W and p W", 4.0 * m * d * n);
  out["total"] = total;
  return out;
}

GemmRoof gemm_roof(int threads, double milliseconds) {
  constexpr int64_t kOrder = 2048;
  Matrix a(kOrder, kOrder), b(kOrder, kOrder), c(kOrder, kOrder);
  a.fill(0.5f), b.fill(0.5f), c.fill(0.0f);
  set_thread_count(threads);
  const auto multiply = [&] {
    if (dnnl_sgemm('N', 'N', kOrder, kOrder, kOrder, 1.0f, a.data(), kOrder, b.data(), kOrder, 0.0f, c.data(),
                   kOrder) != dnnl_success) {
      fail_run("oneDNN could not multiply matrices of order {}", kOrder);
    }
  };
  multiply();
  constexpr double kGflop = 2e-9 * kOrder * kOrder * kOrder;
  GemmRoof roof;
  const Timer whole;
  int products = 0;
  for (; whole.seconds() * 1e3 < milliseconds; ++products) {
    const Timer timer;
    multiply();
    roof.best = std::max(roof.best, kGflop / timer.seconds());
  }
  roof.gflops = kGflop * products / whole.seconds();
  return roof;
}

}  // namespace tersegraph
