#include "admm/z_last_update.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "admm/elements.h"

namespace tersegraph {
namespace {

constexpr int kNewtonSteps = 4, kHalvings = 8, kFistaSteps = 30;
constexpr int64_t kRows = 64;  ///< rows that one task works on

/// One row of the last layer's subproblem, in fp64: C is small, and near the minimum fp32 could not tell one step from
/// none.
class Row {
 public:
  void start(const float* h, int32_t label, double nu, int64_t classes) {
    h_ = h, label_ = label, nu_ = nu, classes_ = classes;
    for (auto* scratch : {&soft_, &step_, &trial_}) scratch->resize(static_cast<size_t>(classes));
  }

  /// log sum exp(z) - z_label + nu/2 ||z - h||^2; leaves softmax(z) in soft_.
  double value(const std::vector<double>& z) {
    const double top = *std::max_element(z.begin(), z.end());
    double total = 0.0, apart = 0.0;
    for (int64_t c = 0; c < classes_; ++c) {
      total += soft_[c] = std::exp(z[c] - top);
      apart += (z[c] - h_[c]) * (z[c] - h_[c]);
    }
    for (double& s : soft_) s /= total;
    return std::log(total) + top - z[label_] + nu_ / 2.0 * apart;
  }

  double gradient(const std::vector<double>& z, int64_t c) const {
    return soft_[c] - (c == label_ ? 1.0 : 0.0) + nu_ * (z[c] - h_[c]);
  }

  /// The Hessian is diag(soft + nu) - soft soft^T; a step is halved until the value falls.
  void newton(std::vector<double>& z) {
    double now = value(z);
    for (int k = 0; k < kNewtonSteps; ++k) {
      double along = 0.0, shrink = 1.0;
      for (int64_t c = 0; c < classes_; ++c) {
        const double d = soft_[c] + nu_;
        step_[c] = gradient(z, c) / d;
        along += soft_[c] * step_[c];
        shrink -= soft_[c] * soft_[c] / d;
      }
      for (int64_t c = 0; c < classes_; ++c) step_[c] += soft_[c] / (soft_[c] + nu_) * along / shrink;
      if (!descend(z, now)) return;
    }
  }

  void fista(double length, std::vector<double>& z) {
    step_ = z;  // the extrapolated point
    double momentum = 1.0;
    for (int k = 0; k < kFistaSteps; ++k) {
      value(step_);
      for (int64_t c = 0; c < classes_; ++c) trial_[c] = step_[c] - length * gradient(step_, c);
      const double grown = (1.0 + std::sqrt(1.0 + 4.0 * momentum * momentum)) / 2.0;
      for (int64_t c = 0; c < classes_; ++c) step_[c] = trial_[c] + (momentum - 1.0) / grown * (trial_[c] - z[c]);
      z.swap(trial_);
      momentum = grown;
    }
  }

 private:
  bool descend(std::vector<double>& z, double& now) {
    double length = 1.0;
    for (int k = 0; k < kHalvings; ++k, length /= 2.0) {
      for (int64_t c = 0; c < classes_; ++c) trial_[c] = z[c] - length * step_[c];
      const double then = value(trial_);
      if (then < now) {
        z.swap(trial_);
        now = then;
        return true;
      }
    }
    return false;
  }

  const float* h_ = nullptr;
  int32_t label_ = 0;
  double nu_ = 0.0;
  int64_t classes_ = 0;
  std::vector<double> soft_, step_, trial_;
};

/// Calls solve(row's subproblem, z of it) for every row.
template <class Solve>
void for_each_row(ConstMatrixView h, const int32_t* labels, float nu, MatrixView z, Solve&& solve) {
  parallel_blocks(z.rows, kRows, [&](int64_t begin, int64_t end) {
    thread_local std::vector<double> values;
    thread_local Row row;
    values.resize(static_cast<size_t>(z.cols));
    for (int64_t i = begin; i < end; ++i) {
      row.start(h.row(i), labels[i], nu, z.cols);
      std::copy_n(z.row(i), z.cols, values.begin());
      solve(row, values);
      for (int64_t c = 0; c < z.cols; ++c) z(i, c) = static_cast<float>(values[c]);
    }
  });
}

void solve_least_squares(ConstMatrixView h, const int32_t* labels, float nu, MatrixView z) {
  for (int64_t i = 0; i < z.rows; ++i) {
    for (int64_t c = 0; c < z.cols; ++c) z(i, c) = (nu * h(i, c) + (c == labels[i] ? 1.0f : 0.0f)) / (1.0f + nu);
  }
}

}  // namespace

void solve_last_z(Risk risk, ConstMatrixView h, const int32_t* labels, float nu, MatrixView z) {
  if (risk == Risk::least_squares) return solve_least_squares(h, labels, nu, z);
  for_each_row(h, labels, nu, z, [](Row& row, std::vector<double>& values) { row.newton(values); });
}

void step_last_z(Risk risk, ConstMatrixView h, const int32_t* labels, float nu, MatrixView z) {
  if (risk == Risk::least_squares) return solve_least_squares(h, labels, nu, z);
  const double step = 1.0 / (0.5 + nu);
  for_each_row(h, labels, nu, z, [&](Row& row, std::vector<double>& values) { row.fista(step, values); });
}

double risk_value(Risk risk, ConstMatrixView z, const int32_t* labels) {
  double sum = 0.0;
  for (int64_t i = 0; i < z.rows; ++i) {
    const float* row = z.row(i);
    if (risk == Risk::least_squares) {
      for (int64_t c = 0; c < z.cols; ++c) {
        const double apart = row[c] - (c == labels[i] ? 1.0 : 0.0);
        sum += apart * apart / 2.0;
      }
      continue;
    }
    const double top = *std::max_element(row, row + z.cols);
    double total = 0.0;
    for (int64_t c = 0; c < z.cols; ++c) total += std::exp(row[c] - top);
    sum += std::log(total) + top - row[labels[i]];
  }
  return sum;
}

}  // namespace tersegraph
