#include "nn/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"

namespace tersegraph {
namespace {

constexpr int kSteps = 7;

/// The textbook algorithms in fp64, for one parameter.
struct Scalar {
  OptimizerConfig config;
  double x = 0.0;
  double first = 0.0, second = 0.0;
  int t = 0;

  void step(double gradient, double decay, double lr) {
    ++t;
    const double g = gradient + decay * x;
    const double b1 = config.beta1, b2 = config.beta2, rho = config.rho;
    switch (config.kind) {
      case OptimizerKind::adam: {
        first = b1 * first + (1 - b1) * g;
        second = b2 * second + (1 - b2) * g * g;
        const double mean = first / (1 - std::pow(b1, t)), variance = second / (1 - std::pow(b2, t));
        x -= lr * mean / (std::sqrt(variance) + config.epsilon.value_or(1e-8));
        break;
      }
      case OptimizerKind::sgd:
        first = t == 1 ? g : config.momentum * first + g;
        x -= lr * first;
        break;
      case OptimizerKind::adagrad:
        second += g * g;
        x -= lr * g / (std::sqrt(second) + config.epsilon.value_or(1e-10));
        break;
      case OptimizerKind::adadelta: {
        const double epsilon = config.epsilon.value_or(1e-6);
        second = rho * second + (1 - rho) * g * g;
        const double delta = g * std::sqrt(first + epsilon) / std::sqrt(second + epsilon);
        first = rho * first + (1 - rho) * delta * delta;
        x -= lr * delta;
        break;
      }
    }
  }
};

std::vector<OptimizerConfig> all_configs() {
  std::vector<OptimizerConfig> configs;
  for (const double decay : {0.0, 0.05}) {
    for (const OptimizerKind kind :
         {OptimizerKind::adam, OptimizerKind::sgd, OptimizerKind::adagrad, OptimizerKind::adadelta}) {
      OptimizerConfig config;
      config.kind = kind;
      config.weight_decay = decay;
      configs.push_back(config);
    }
    OptimizerConfig momentum;
    momentum.kind = OptimizerKind::sgd;
    momentum.weight_decay = decay;
    momentum.momentum = 0.9;
    configs.push_back(momentum);
    OptimizerConfig adam;
    adam.weight_decay = decay;
    adam.beta1 = 0.8;
    adam.beta2 = 0.95;
    adam.epsilon = 1e-3;
    configs.push_back(adam);
  }
  return configs;
}

testing::Message describe(const OptimizerConfig& config) {
  return testing::Message() << optimizer_name(config.kind) << " weight decay " << config.weight_decay << " momentum "
                            << config.momentum;
}

/// Three tensors that decay in full, by half and not at all.
struct Model {
  Model() {
    parameters.add("weight", 37, 11);
    parameters.add("half", 1, 11, 0.5f);
    parameters.add("bias", 1, 3, 0.0f);
    parameters.finalize();
    Random random(1, Purpose::generator);
    for (float& v : parameters.values()) v = static_cast<float>(random.normal());
  }
  void draw_gradients(int step) {
    Random random(100 + static_cast<uint64_t>(step), Purpose::generator);
    for (float& g : parameters.gradients()) g = static_cast<float>(random.normal());
  }
  static float learning_rate(int step) { return 0.05f / static_cast<float>(1 + step); }

  Parameters parameters;
};

TEST(Optimizer, TakesTheStepsOfTheTextbook) {
  for (const OptimizerConfig& config : all_configs()) {
    SCOPED_TRACE(describe(config));
    Model model;
    std::vector<Scalar> expected;
    for (const float v : model.parameters.values()) expected.push_back({config, v});
    const auto optimizer = make_optimizer(config, model.parameters);
    for (int step = 0; step < kSteps; ++step) {
      model.draw_gradients(step);
      const float lr = Model::learning_rate(step);
      optimizer->step(lr);
      for (int tensor = 0; tensor < 3; ++tensor) {
        const int64_t first = model.parameters.offset(tensor), size = model.parameters.value(tensor).size();
        for (int64_t i = first; i < first + size; ++i) {
          expected[i].step(model.parameters.gradients()[i], config.weight_decay * model.parameters.decay(tensor), lr);
          ASSERT_NEAR(model.parameters.values()[i], expected[i].x, 2e-6 * (1 + std::fabs(expected[i].x)))
              << "parameter " << i << " step " << step;
        }
      }
    }
    EXPECT_EQ(optimizer->steps(), kSteps);
  }
}

TEST(Optimizer, FirstStepsInClosedForm) {
  Parameters p;
  p.add("w", 1, 1);
  p.finalize();
  const auto moved = [&p](OptimizerConfig config, float gradient, float lr) {
    p.values()[0] = 0.0f;
    p.gradients()[0] = gradient;
    make_optimizer(config, p)->step(lr);
    return -p.values()[0];
  };
  // Adam and Adagrad first move by the learning rate, whatever the gradient; SGD by lr * g; Adadelta by about sqrt(eps
  // / (1 - rho)).
  EXPECT_NEAR(moved({.kind = OptimizerKind::adam}, 123.0f, 0.01f), 0.01f, 1e-8f);
  EXPECT_NEAR(moved({.kind = OptimizerKind::adagrad}, -0.02f, 0.01f), -0.01f, 1e-8f);
  EXPECT_NEAR(moved({.kind = OptimizerKind::sgd}, 3.0f, 0.1f), 0.3f, 1e-7f);
  EXPECT_NEAR(moved({.kind = OptimizerKind::adadelta}, 50.0f, 1.0f), std::sqrt(1e-6f / 0.1f), 1e-7f);
}

TEST(Optimizer, ContinuesFromItsState) {
  for (const OptimizerConfig& config : all_configs()) {
    SCOPED_TRACE(describe(config));
    Model whole, resumed;
    const auto through = make_optimizer(config, whole.parameters);
    for (int step = 0; step < kSteps; ++step) {
      whole.draw_gradients(step);
      if (step == 3) {
        std::copy(whole.parameters.values().begin(), whole.parameters.values().end(),
                  resumed.parameters.values().begin());
        const auto second = make_optimizer(config, resumed.parameters);
        second->steps() = through->steps();
        for (size_t k = 0; k < through->state().size(); ++k) {
          EXPECT_EQ(through->state()[k].first, second->state()[k].first);
          std::ranges::copy(through->state()[k].second, second->state()[k].second.begin());
        }
        for (int rest = 3; rest < kSteps; ++rest) {
          resumed.draw_gradients(rest);
          second->step(Model::learning_rate(rest));
        }
      }
      through->step(Model::learning_rate(step));
    }
    EXPECT_TRUE(std::ranges::equal(whole.parameters.values(), resumed.parameters.values()));
  }
}

TEST(Optimizer, StateIsNamedAsInPyTorch) {
  Model model;
  const auto names = [&model](OptimizerConfig config) {
    std::vector<std::string> all;
    for (const auto& [name, values] : make_optimizer(config, model.parameters)->state()) {
      EXPECT_EQ(static_cast<int64_t>(values.size()), model.parameters.size());
      all.push_back(name);
    }
    return all;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({.kind = OptimizerKind::adam}), (Names{"exp_avg", "exp_avg_sq"}));
  EXPECT_EQ(names({.kind = OptimizerKind::sgd}), Names{});
  EXPECT_EQ(names({.kind = OptimizerKind::sgd, .momentum = 0.5}), Names{"momentum_buffer"});
  EXPECT_EQ(names({.kind = OptimizerKind::adagrad}), Names{"sum"});
  EXPECT_EQ(names({.kind = OptimizerKind::adadelta}), (Names{"square_avg", "acc_delta"}));
}

TEST(Optimizer, BitsDoNotDependOnTheNumberOfThreads) {
  const int threads_before = thread_count();
  const auto run = [](int threads) {
    set_thread_count(threads);
    Parameters p;
    p.add("w", 401, 257);
    p.finalize();
    Random random(7, Purpose::generator);
    for (float& g : p.gradients()) g = static_cast<float>(random.normal());
    const auto optimizer = make_optimizer({}, p);
    for (int step = 0; step < 3; ++step) optimizer->step(0.01f);
    return std::vector<float>(p.values().begin(), p.values().end());
  };
  const std::vector<float> one = run(1);
  EXPECT_EQ(run(2), one);
  EXPECT_EQ(run(5), one);
  set_thread_count(threads_before);
}

TEST(Optimizer, NamesGoBothWays) {
  for (const char* name : {"adam", "sgd", "adagrad", "adadelta"})
    EXPECT_EQ(optimizer_name(parse_optimizer(name)), name);
  EXPECT_THROW(parse_optimizer("adamw"), InputError);
  EXPECT_THROW(parse_optimizer(""), InputError);
}

}  // namespace
}  // namespace tersegraph
