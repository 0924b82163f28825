#include "nn/optimizer.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/parallel.h"

namespace tersegraph {
namespace {

constexpr int64_t kPiece = 1 << 14;
constexpr std::array<std::string_view, 4> kNames{"adam", "sgd", "adagrad", "adadelta"};

class Adam final : public Optimizer {
 public:
  Adam(const OptimizerConfig& config, Parameters& parameters)
      : Optimizer(parameters, config.weight_decay, {"exp_avg", "exp_avg_sq"}),
        beta1_(config.beta1),
        beta2_(config.beta2),
        epsilon_(static_cast<float>(config.epsilon.value_or(1e-8))) {}

 private:
  void begin_step(double learning_rate) override {
    const double t = static_cast<double>(steps());
    step_size_ = static_cast<float>(learning_rate / (1.0 - std::pow(beta1_, t)));
    inverse_correction_ = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2_, t)));
  }

  void update(Piece piece) const override {
    float* const m = state_of(0, piece);
    float* const v = state_of(1, piece);
    const float one_minus_beta1 = static_cast<float>(1.0 - beta1_);
    const float beta2 = static_cast<float>(beta2_);
    const float one_minus_beta2 = static_cast<float>(1.0 - beta2_);
    const float step_size = step_size_, inverse_correction = inverse_correction_, epsilon = epsilon_;
#pragma omp simd
    for (int64_t i = 0; i < piece.n; ++i) {
      const float g = piece.gradient[i] + piece.decay * piece.value[i];
      m[i] += one_minus_beta1 * (g - m[i]);
      v[i] = beta2 * v[i] + one_minus_beta2 * g * g;
      piece.value[i] -= step_size * m[i] / (std::sqrt(v[i]) * inverse_correction + epsilon);
    }
  }

  double beta1_, beta2_;
  float epsilon_;
  float step_size_ = 0.0f;
  float inverse_correction_ = 1.0f;
};

class Sgd final : public Optimizer {
 public:
  Sgd(const OptimizerConfig& config, Parameters& parameters)
      : Optimizer(parameters, config.weight_decay, state_names(config)),
        momentum_(static_cast<float>(config.momentum)) {}

 private:
  static std::vector<std::string> state_names(const OptimizerConfig& config) {
    if (config.momentum == 0.0) return {};
    return {"momentum_buffer"};
  }

  void begin_step(double learning_rate) override { learning_rate_ = static_cast<float>(learning_rate); }

  void update(Piece piece) const override {
    const float learning_rate = learning_rate_, momentum = momentum_;
    if (momentum == 0.0f) {
#pragma omp simd
      for (int64_t i = 0; i < piece.n; ++i) {
        piece.value[i] -= learning_rate * (piece.gradient[i] + piece.decay * piece.value[i]);
      }
      return;
    }
    float* const buffer = state_of(0, piece);
#pragma omp simd
    for (int64_t i = 0; i < piece.n; ++i) {
      buffer[i] = momentum * buffer[i] + (piece.gradient[i] + piece.decay * piece.value[i]);
      piece.value[i] -= learning_rate * buffer[i];
    }
  }

  float momentum_;
  float learning_rate_ = 0.0f;
};

class Adagrad final : public Optimizer {
 public:
  Adagrad(const OptimizerConfig& config, Parameters& parameters)
      : Optimizer(parameters, config.weight_decay, {"sum"}),
        epsilon_(static_cast<float>(config.epsilon.value_or(1e-10))) {}

 private:
  void begin_step(double learning_rate) override { learning_rate_ = static_cast<float>(learning_rate); }

  void update(Piece piece) const override {
    float* const sum = state_of(0, piece);
    const float learning_rate = learning_rate_, epsilon = epsilon_;
#pragma omp simd
    for (int64_t i = 0; i < piece.n; ++i) {
      const float g = piece.gradient[i] + piece.decay * piece.value[i];
      sum[i] += g * g;
      piece.value[i] -= learning_rate * g / (std::sqrt(sum[i]) + epsilon);
    }
  }

  float epsilon_;
  float learning_rate_ = 0.0f;
};

class Adadelta final : public Optimizer {
 public:
  Adadelta(const OptimizerConfig& config, Parameters& parameters)
      : Optimizer(parameters, config.weight_decay, {"square_avg", "acc_delta"}),
        rho_(config.rho),
        epsilon_(static_cast<float>(config.epsilon.value_or(1e-6))) {}

 private:
  void begin_step(double learning_rate) override { learning_rate_ = static_cast<float>(learning_rate); }

  void update(Piece piece) const override {
    float* const square = state_of(0, piece);
    float* const travelled = state_of(1, piece);
    const float rho = static_cast<float>(rho_), one_minus_rho = static_cast<float>(1.0 - rho_);
    const float learning_rate = learning_rate_, epsilon = epsilon_;
#pragma omp simd
    for (int64_t i = 0; i < piece.n; ++i) {
      const float g = piece.gradient[i] + piece.decay * piece.value[i];
      square[i] = rho * square[i] + one_minus_rho * g * g;
      const float delta = std::sqrt(travelled[i] + epsilon) / std::sqrt(square[i] + epsilon) * g;
      travelled[i] = rho * travelled[i] + one_minus_rho * delta * delta;
      piece.value[i] -= learning_rate * delta;
    }
  }

  double rho_;
  float epsilon_;
  float learning_rate_ = 0.0f;
};

}  // namespace

OptimizerKind parse_optimizer(std::string_view word) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (word == kNames[i]) return static_cast<OptimizerKind>(i);
  }
  fail_input("unknown optimizer '{}': use adam, sgd, adagrad or adadelta", word);
}

std::string_view optimizer_name(OptimizerKind kind) {
  return kNames[static_cast<size_t>(kind)];
}

Optimizer::Optimizer(Parameters& parameters, double weight_decay, std::vector<std::string> state_names)
    : parameters_(parameters),
      weight_decay_(weight_decay),
      state_names_(std::move(state_names)),
      state_(state_names_.size()) {
  for (Matrix& m : state_) {
    m.reshape(1, parameters.size());
    m.fill(0.0f);
  }
}

void Optimizer::step(float learning_rate) {
  ++steps_;
  begin_step(learning_rate);
  for (int tensor = 0; tensor < parameters_.count(); ++tensor) {
    const float decay = static_cast<float>(weight_decay_ * parameters_.decay(tensor));
    const int64_t first = parameters_.offset(tensor);
    parallel_blocks(parameters_.value(tensor).size(), kPiece, [&](int64_t begin, int64_t end) {
      const int64_t offset = first + begin;
      update(
          {parameters_.values().data() + offset, parameters_.gradients().data() + offset, decay, offset, end - begin});
    });
  }
}

std::vector<std::pair<std::string, std::span<float>>> Optimizer::state() {
  std::vector<std::pair<std::string, std::span<float>>> spans;
  for (size_t i = 0; i < state_.size(); ++i) {
    spans.emplace_back(state_names_[i], std::span<float>(state_[i].data(), static_cast<size_t>(state_[i].size())));
  }
  return spans;
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, Parameters& parameters) {
  switch (config.kind) {
    case OptimizerKind::adam:
      return std::make_unique<Adam>(config, parameters);
    case OptimizerKind::sgd:
      return std::make_unique<Sgd>(config, parameters);
    case OptimizerKind::adagrad:
      return std::make_unique<Adagrad>(config, parameters);
    case OptimizerKind::adadelta:
      return std::make_unique<Adadelta>(config, parameters);
  }
  fail_input("unknown optimizer");
}

}  // namespace tersegraph
