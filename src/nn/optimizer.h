#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nn/parameters.h"

namespace tersegraph {

enum class OptimizerKind { adam, sgd, adagrad, adadelta };

/// Words to kind, and back; an unknown word is an InputError.
OptimizerKind parse_optimizer(std::string_view word);
std::string_view optimizer_name(OptimizerKind kind);

/// Meanings and defaults are PyTorch's.
struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::adam;
  double weight_decay = 0.0;  ///< L2: weight_decay * Parameters::decay(tensor) * value is added to the gradient
  double momentum = 0.0;      ///< SGD
  double beta1 = 0.9;         ///< Adam
  double beta2 = 0.999;       ///< Adam
  double rho = 0.9;           ///< Adadelta
  std::optional<double> epsilon = {};  ///< default 1e-8 for Adam, 1e-10 for Adagrad, 1e-6 for Adadelta
};

/// Moves the values of `parameters` (which must outlive it) against their gradients. Elementwise, so the result does
/// not depend on the number of threads. Gradients are read, never written.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  void step(float learning_rate);

  /// Steps taken so far; a checkpoint sets it together with the state.
  int64_t& steps() { return steps_; }
  /// What the optimizer remembers, one float a parameter each, under the names that PyTorch gives it. Empty for plain
  /// SGD.
  std::vector<std::pair<std::string, std::span<float>>> state();

 protected:
  Optimizer(Parameters& parameters, double weight_decay, std::vector<std::string> state_names);

  /// One contiguous piece of a tensor: n values with their gradients, from `offset` on in the flat buffers.
  struct Piece {
    float* value;
    const float* gradient;
    float decay;
    int64_t offset;
    int64_t n;
  };
  virtual void begin_step(double learning_rate) = 0;
  virtual void update(Piece piece) const = 0;
  float* state_of(int which, const Piece& piece) const { return state_[which].data() + piece.offset; }

 private:
  Parameters& parameters_;
  double weight_decay_;
  std::vector<std::string> state_names_;
  std::vector<Matrix> state_;
  int64_t steps_ = 0;
};

/// `parameters` must be finalized.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, Parameters& parameters);

}  // namespace tersegraph
