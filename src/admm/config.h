#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tersegraph {

/// f between the layers.
enum class Nonlinearity { relu, leaky_relu, tanh, sigmoid };
/// R: the sum over training columns of softmax cross-entropy, or of half the squared distance to the one-hot label.
enum class Risk { cross_entropy, least_squares };
/// closed: every subproblem solved exactly. gradient: the paper's majorised gradient steps, and FISTA for z_L.
enum class AdmmSolver { closed, gradient };
/// Which variables are held to the grid, and so travel in few bits.
enum class Quantize { none, p, pq };
/// affine: per neuron and block of training columns, nearest of 2^bits levels between the extremes (16 bits: bf16).
/// delta: an affine grid for the change since the message before, so that its steps shrink as the iterates settle.
/// paper: {-1, 0, ..., 20}. code: 1000 levels in [-1, 2]. file: the levels of AdmmConfig::grid_levels.
enum class GridKind { affine, delta, paper, code, file };

/// Training a multi-layer perceptron by ADMM (pdADMM-G and pdADMM-G-Q). The defaults are the ones that were tuned, on
/// validation accuracy, for all data sets together.
struct AdmmConfig {
  int neurons = 100;                        ///< of every hidden layer
  std::vector<int> stages{2, 5, 10};        ///< layers of each stage of growth
  std::vector<int> iterations{20, 10, 20};  ///< of each stage
  double nu = 3e-3;                         ///< weight of z = W p + b and of q = f(z)
  double rho = 3e-3;                        ///< weight of p_{l+1} = q_l
  /// Ridge terms, in units of nu: nu ridge / 2 ||W - target||^2. The target is I for hidden layers, 0 for the first and
  /// the last one.
  double ridge_first = 0.1, ridge_hidden = 1.0, ridge_last = 0.15;
  double init_scale = 0.15;  ///< standard deviation of the first z, by which W_1 is drawn
  Nonlinearity nonlinearity = Nonlinearity::relu;
  Risk risk = Risk::cross_entropy;
  AdmmSolver solver = AdmmSolver::closed;
  Quantize quantize = Quantize::none;
  GridKind grid = GridKind::affine;
  int bits = 4;                    ///< of the affine grid: 1..8 or 16; of delta: 1..8
  std::vector<float> grid_levels;  ///< ascending; grid = file
  double tolerance = 0.0;  ///< the last stage ends when the Lagrangian changes by less than this share of itself
  int eval_every = 1;      ///< iterations between evaluations; 0: only the last
  uint64_t seed = 0;
};

/// Errors: InputError for settings that cannot be trained with.
void validate(const AdmmConfig& config);

/// The condition under which the augmented Lagrangian is proven to fall: rho > max(4 nu S^2, (sqrt(17) + 1) nu / 2), S
/// the Lipschitz constant of f.
struct TheoryCheck {
  bool holds = false;
  double least_rho = 0.0;  ///< the bound itself, for this nu
  std::string sentence;    ///< says whether it holds and what would make it hold
};
TheoryCheck check_theory(const AdmmConfig& config);

double lipschitz_constant(Nonlinearity f);

}  // namespace tersegraph
