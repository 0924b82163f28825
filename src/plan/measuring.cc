#include "plan/measuring.h"

#include <algorithm>
#include <ctime>
#include <vector>

#include "base/rng.h"

namespace tersegraph {
namespace {

constexpr double kTry = 1e-3, kLong = 0.1;  ///< seconds that a try lasts at least, and that few tries may last
constexpr int kTries = 12, kFewTries = 3;

}  // namespace

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double usual(const std::function<void()>& work) {
  work();
  std::vector<double> tries;
  double all = 0;
  for (int i = 0; i < kTries && (i < kFewTries || all < kLong); ++i) {
    const double start = processor_seconds();
    int calls = 0;
    double took = 0;
    do {
      work();
      ++calls;
      took = processor_seconds() - start;
    } while (took < kTry);
    tries.push_back(took / calls);
    all += took;
  }
  const auto quarter = tries.begin() + std::ssize(tries) / 4;
  std::ranges::nth_element(tries, quarter);
  return *quarter;
}

Matrix filled(int64_t rows, int64_t cols) {
  Matrix x(rows, cols);
  Random random(1, Purpose::features);
  for (int64_t k = 0; k < x.size(); ++k) x.data()[k] = static_cast<float>(random.uniform()) - 0.5f;
  return x;
}

Csr by_chance(int64_t rows, int64_t cols, int64_t degree) {
  Csr a;
  a.cols = cols;
  Random random(2, Purpose::features);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t k = 0; k < degree; ++k) {
      a.indices.push_back(static_cast<int32_t>(random.uniform() * static_cast<double>(cols)));
      a.values.push_back(0.5f);
    }
    std::sort(a.indices.end() - degree, a.indices.end());
    a.indptr.push_back(std::ssize(a.indices));
  }
  return a;
}

}  // namespace tersegraph
