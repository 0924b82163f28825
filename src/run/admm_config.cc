#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "run/lists.h"
#include "run/train_config.h"

namespace tersegraph {
namespace {

Nonlinearity parse_nonlinearity(const std::string& word) {
  if (word == "leaky-relu") return Nonlinearity::leaky_relu;
  if (word == "tanh") return Nonlinearity::tanh;
  return word == "sigmoid" ? Nonlinearity::sigmoid : Nonlinearity::relu;
}

Risk parse_risk(const std::string& word) {
  if (word == "bce") fail_input("--loss bce: ADMM minimises ce or mse");
  return word == "mse" ? Risk::least_squares : Risk::cross_entropy;
}

/// Numbers separated by white space.
std::vector<float> read_levels(const std::string& path) {
  const std::string text = read_file(path);
  std::vector<float> levels;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    while (at != end && std::isspace(static_cast<unsigned char>(*at)) != 0) ++at;
    if (at == end) return levels;
    float level = 0;
    const auto [next, error] = std::from_chars(at, end, level);
    if (error != std::errc() || (next != end && std::isspace(static_cast<unsigned char>(*next)) == 0)) {
      fail_input("{} is no grid: number {} is not one; it takes ascending levels separated by white space", path,
                 levels.size() + 1);
    }
    levels.push_back(level);
    at = next;
  }
}

void set_grid(const RunConfig& config, AdmmConfig& admm) {
  admm.quantize = config.quantize == "p" ? Quantize::p : config.quantize == "pq" ? Quantize::pq : Quantize::none;
  if (admm.quantize == Quantize::none) return;
  if (config.grid == "delta" || config.grid == "affine") {
    admm.grid = config.grid == "delta" ? GridKind::delta : GridKind::affine;
    admm.bits = static_cast<int>(config.bits);
  } else if (config.grid == "paper" || config.grid == "code") {
    admm.grid = config.grid == "paper" ? GridKind::paper : GridKind::code;
  } else {
    admm.grid = GridKind::file;
    admm.grid_levels = read_levels(config.grid);
  }
}

AdmmConfig admm_config(const RunConfig& config) {
  AdmmConfig admm;
  admm.neurons = static_cast<int>(config.hidden);
  admm.stages = parse_counts(config.stages, "--stages");
  admm.iterations = parse_counts(config.iterations, "--iterations");
  admm.nu = config.nu;
  admm.rho = config.rho;
  const std::vector<double> ridge = parse_numbers(config.ridge, "--ridge", "three numbers, like 0.1,1,0.15");
  if (ridge.size() != 3) fail_input("--ridge {}: it takes three numbers, like 0.1,1,0.15", config.ridge);
  admm.ridge_first = ridge[0];
  admm.ridge_hidden = ridge[1];
  admm.ridge_last = ridge[2];
  admm.init_scale = config.init_scale;
  admm.nonlinearity = parse_nonlinearity(config.activation);
  admm.risk = parse_risk(config.loss);
  admm.solver = config.solver == "gradient" ? AdmmSolver::gradient : AdmmSolver::closed;
  set_grid(config, admm);
  admm.tolerance = config.tolerance;
  admm.eval_every = static_cast<int>(config.eval_every);
  admm.seed = static_cast<uint64_t>(config.seed);
  validate(admm);
  return admm;
}

}  // namespace

int64_t node_ranks(const RunConfig& config) {
  if (config.node_ranks > 0) return config.node_ranks;
  return config.layer_ranks > 0 ? std::max(config.ranks / config.layer_ranks, int64_t{1}) : 1;
}

AdmmTrainerConfig admm_trainer_config(const RunConfig& config) {
  return {admm_config(config), augment_config(config), parse_ordering(config.reorder),
          static_cast<int>(node_ranks(config))};
}

}  // namespace tersegraph
