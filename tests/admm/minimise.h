#pragma once

#include <cmath>
#include <functional>
#include <vector>

namespace tersegraph::testing {

using Point = std::vector<double>;

/// A minimiser that knows nothing of the problem: BFGS on central differences, fp64. For smooth functions of a few
/// dozen unknowns.
inline Point minimise(const std::function<double(const Point&)>& f, Point x, int steps = 400) {
  const size_t n = x.size();
  const auto gradient = [&](Point at) {
    Point g(n);
    for (size_t i = 0; i < n; ++i) {
      const double h = 1e-5 * (1.0 + std::abs(at[i])), middle = at[i];
      at[i] = middle + h;
      const double above = f(at);
      at[i] = middle - h;
      g[i] = (above - f(at)) / (2.0 * h);
      at[i] = middle;
    }
    return g;
  };
  std::vector<Point> inverse(n, Point(n, 0.0));
  for (size_t i = 0; i < n; ++i) inverse[i][i] = 1.0;
  Point g = gradient(x);
  double value = f(x);
  for (int step = 0; step < steps; ++step) {
    Point direction(n, 0.0);
    double slope = 0.0;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) direction[i] -= inverse[i][j] * g[j];
      slope += direction[i] * g[i];
    }
    if (!(slope < -1e-22)) break;
    double length = 1.0, then = value;
    Point next = x;
    for (int k = 0; k < 60; ++k, length /= 2.0) {
      for (size_t i = 0; i < n; ++i) next[i] = x[i] + length * direction[i];
      then = f(next);
      if (then <= value + 1e-4 * length * slope) break;
    }
    if (!(then < value)) break;
    const Point next_g = gradient(next);
    Point s(n), y(n), by(n, 0.0);
    double sy = 0.0, yby = 0.0;
    for (size_t i = 0; i < n; ++i) s[i] = next[i] - x[i], y[i] = next_g[i] - g[i], sy += s[i] * y[i];
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) by[i] += inverse[i][j] * y[j];
      yby += y[i] * by[i];
    }
    if (sy > 1e-30) {
      for (size_t i = 0; i < n; ++i) {
        for (size_t j = 0; j < n; ++j) {
          inverse[i][j] += (1.0 + yby / sy) * s[i] * s[j] / sy - (by[i] * s[j] + s[i] * by[j]) / sy;
        }
      }
    }
    x = next, g = next_g, value = then;
  }
  return x;
}

}  // namespace tersegraph::testing
