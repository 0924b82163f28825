#include "admm_flops.h"

#include "base/error.h"

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

}  // namespace tersegraph
