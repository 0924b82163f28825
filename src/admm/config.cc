#include "admm/config.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace tersegraph {
namespace {

void require_positive(double value, const char* name) {
  if (!(value > 0.0) || !std::isfinite(value)) fail_input("--{} {}: must be a positive number", name, value);
}

void require_ridge(double value, const char* name) {
  if (!(value >= 0.0) || !std::isfinite(value)) fail_input("--{} {}: must be 0 or a positive number", name, value);
}

void validate_stages(const AdmmConfig& config) {
  if (config.stages.empty()) fail_input("--stages: names no number of layers; 2,5,10 is the default");
  if (config.stages.size() != config.iterations.size()) {
    fail_input("--iterations names {} numbers and --stages {}: give one for each stage", config.iterations.size(),
               config.stages.size());
  }
  if (config.stages.front() < 2) fail_input("--stages {}: ADMM needs at least 2 layers", config.stages.front());
  if (!std::is_sorted(config.stages.begin(), config.stages.end())) fail_input("--stages: must not fall");
  if (std::ranges::any_of(config.iterations, [](int n) { return n < 0; }))
    fail_input("--iterations: must not be negative");
}

void validate_grid(const AdmmConfig& config) {
  if (config.quantize == Quantize::none) return;
  if (config.grid == GridKind::affine && !(config.bits >= 1 && config.bits <= 8) && config.bits != 16) {
    fail_input("--bits {}: the affine grid takes 1 to 8, or 16", config.bits);
  }
  if (config.grid == GridKind::delta && !(config.bits >= 1 && config.bits <= 8)) {
    fail_input("--bits {}: the delta grid takes 1 to 8", config.bits);
  }
  if (config.grid != GridKind::file) return;
  const std::vector<float>& levels = config.grid_levels;
  if (levels.size() < 2 || levels.size() > 65536) fail_input("--grid: {} levels; 2 to 65536 are needed", levels.size());
  for (size_t k = 0; k < levels.size(); ++k) {
    if (!std::isfinite(levels[k]) || (k > 0 && !(levels[k] > levels[k - 1]))) {
      fail_input("--grid: level {} ({}) is not above the one before it", k + 1, levels[k]);
    }
  }
}

}  // namespace

void validate(const AdmmConfig& config) {
  if (config.neurons < 1) fail_input("--hidden {}: a layer needs at least one neuron", config.neurons);
  require_positive(config.nu, "nu");
  require_positive(config.rho, "rho");
  require_positive(config.init_scale, "init-scale");
  require_ridge(config.ridge_first, "ridge-first");
  require_ridge(config.ridge_hidden, "ridge-hidden");
  require_ridge(config.ridge_last, "ridge-last");
  if (!(config.tolerance >= 0.0)) fail_input("--tolerance {}: must be 0 or a positive number", config.tolerance);
  if (config.eval_every < 0) fail_input("--eval-every {}: must not be negative", config.eval_every);
  validate_stages(config);
  validate_grid(config);
}

double lipschitz_constant(Nonlinearity f) {
  return f == Nonlinearity::sigmoid ? 0.25 : 1.0;
}

TheoryCheck check_theory(const AdmmConfig& config) {
  const double s = lipschitz_constant(config.nonlinearity);
  TheoryCheck check;
  check.least_rho = std::max(4.0 * config.nu * s * s, (std::sqrt(17.0) + 1.0) * config.nu / 2.0);
  check.holds = config.rho > check.least_rho;
  check.sentence = check.holds
                       ? fmt::format(
                             "rho = {} is above max(4 nu S^2, (sqrt(17) + 1) nu / 2) = {}: without quantization the "
                             "augmented Lagrangian is proven to fall",
                             config.rho, check.least_rho)
                       : fmt::format(
                             "rho = {} is not above max(4 nu S^2, (sqrt(17) + 1) nu / 2) = {}: no proof covers this "
                             "run; --rho above {}, or --nu below {}, would be covered",
                             config.rho, check.least_rho, check.least_rho, config.rho * config.nu / check.least_rho);
  return check;
}

}  // namespace tersegraph
