#include "plan/calibrate.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include "base/affinity.h"
#include "base/parallel.h"
#include "base/timer.h"
#include "comm/message_checksum.h"
#include "kernels/activation.h"
#include "kernels/gemm.h"
#include "kernels/loss.h"
#include "kernels/spmm.h"
#include "nn/optimizer.h"
#include "plan/measuring.h"

namespace tersegraph {
namespace {

constexpr int64_t kDegree = 16, kBlock = 256, kFloats = int64_t{1} << 23;
constexpr int kTriesOfThreads = 100;
constexpr double kFar = 1 << 28;  ///< bytes of a call that leave no cache of use to the next

/// The best seconds, on the clock, of one call on several threads.
double best_together(const std::function<void()>& work) {
  double least = 1e9;
  for (int i = 0; i < kTriesOfThreads; ++i) {
    const Timer timer;
    work();
    least = std::min(least, timer.seconds());
  }
  return least;
}

double spmm_seconds(int64_t rows, int64_t table, int64_t cols, int64_t degree) {
  const Csr a = by_chance(rows, table, degree);
  const Matrix x = filled(table, cols);
  Matrix y(rows, cols);
  return usual([&] { spmm(a, x, y); });
}

/// One entry more and one row more, from rows in cache of different degrees.
void measure_spmm(Rates& rates) {
  RateTable table{.x = {4, 16, 64, 256}, .y = {}, .seconds = {}};
  for (double bytes = 1 << 14; bytes <= 1 << 28; bytes *= 4) table.y.push_back(bytes);
  for (const double cols : table.x) {
    const auto width = static_cast<int64_t>(cols);
    for (const double bytes : table.y) {
      const auto rows = std::max<int64_t>(static_cast<int64_t>(bytes) / (4 * width), 8);
      const int64_t near = std::clamp<int64_t>((int64_t{1} << 23) / (width * kDegree), 256, 1 << 16);
      const int64_t out = bytes < kFar / 16 ? near : static_cast<int64_t>(kFar / std::max(64.0, 4 * cols)) / kDegree;
      table.seconds.push_back(spmm_seconds(out, rows, width, kDegree) / static_cast<double>(out * kDegree));
    }
  }
  const double many = spmm_seconds(8192, 256, 64, kDegree), few = spmm_seconds(8192, 256, 64, kFewDegree);
  const double entry = (many - few) / static_cast<double>(8192 * (kDegree - kFewDegree));
  rates.numbers["spmm_row"] = std::max(few / 8192 - kFewDegree * entry, 1e-12) / 64;
  // The table's entries have their rows' part in them.
  for (size_t i = 0; i < table.seconds.size(); ++i) {
    double& seconds = table.seconds[i];
    seconds = std::max(seconds - rates.numbers["spmm_row"] * table.x[i / table.y.size()] / kDegree, 0.5 * seconds);
  }
  rates.tables["spmm"] = table;
}

enum class Product { plain, transposed_a, transposed_b };

/// Over blocks of rows of matrices that are larger than the caches, as layers go over them.
void multiply_blocks(Product product, const Matrix& a, const Matrix& w, Matrix& sum, Matrix& out) {
  for (int64_t begin = 0; begin + kBlock <= a.rows(); begin += kBlock) {
    const ConstMatrixView x = rows_of(ConstMatrixView(a), begin, begin + kBlock);
    const MatrixView y = rows_of(out.view(), begin % (4 * kBlock), begin % (4 * kBlock) + kBlock);
    switch (product) {
      case Product::plain:
        gemm_block(x, w, y);
        break;
      case Product::transposed_a:
        gemm_block_transposed_a(x, y, sum, Write::accumulate);
        break;
      case Product::transposed_b:
        gemm_block_transposed_b(x, w, y);
        break;
    }
  }
}

/// Hidden layers have round sizes, wide inputs have not: their rows begin anywhere in a cache line.
void measure_gemm(Rates& rates, const char* name, Product product) {
  RateTable table{.x = {16, 64, 256, 1001}, .y = {8, 32, 128, 512}, .seconds = {}};
  for (const double inner : table.x) {
    for (const double outer : table.y) {
      const auto in = static_cast<int64_t>(inner), out = static_cast<int64_t>(outer);
      const int64_t rows = kFloats / in / kBlock * kBlock;
      const Matrix a = filled(rows, in), w = product == Product::transposed_b ? filled(out, in) : filled(in, out);
      Matrix sum(in, out), y = filled(4 * kBlock, out);
      sum.fill(0.0f);
      const double seconds = usual([&] { multiply_blocks(product, a, w, sum, y); });
      table.seconds.push_back(seconds / static_cast<double>(rows * in * out));
    }
  }
  rates.tables[name] = table;
}

/// In blocks that stay in cache, as between two aggregations.
void measure_activation(Rates& rates) {
  constexpr int64_t kCols = 64;
  const Matrix y = filled(kBlock, kCols), vectors = filled(6, kCols);
  Matrix h(kBlock, kCols), gradient = filled(kBlock, kCols), sums(3, kCols), scratch;
  sums.fill(0.0f);
  std::vector<int64_t> ids(kBlock, 7);
  const auto value = [&](double seconds) { return seconds / static_cast<double>(kBlock * kCols); };
  const ActivationParams params{vectors.row(0), vectors.row(1), vectors.row(2)};
  for (const bool norm : {false, true}) {
    const ActivationSpec spec{.layer_norm = norm, .dropout = 0.5f};
    const std::string name = norm ? "norm" : "activation";
    rates.numbers[name] = value(usual([&] { activation_forward_block(y, ids.data(), params, spec, h); }));
    rates.numbers[name + "_backward"] = value(usual([&] {
      if (!norm) return relu_dropout_backward_block(h, 0.5f, gradient, sums.row(0), scratch);
      activation_backward_block(y, ids.data(), params, spec, gradient, {sums.row(0), sums.row(1), sums.row(2)},
                                scratch);
    }));
  }
  const std::vector<int32_t> labels(kBlock, 3);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < kBlock; ++i) rows.push_back(i);
  rates.numbers["loss"] = value(usual([&] {
    softmax_cross_entropy(y, labels.data(), nullptr, {rows.data(), kBlock}, 1.0f, gradient);
  }));
}

void measure_memory(Rates& rates) {
  Parameters parameters;
  parameters.add("weight", 256, 256);
  parameters.finalize();
  const auto optimizer = make_optimizer({}, parameters);
  rates.numbers["optimizer"] = usual([&] { optimizer->step(0.01f); }) / static_cast<double>(parameters.size());
  RateTable copy{.x = {1}, .y = {}, .seconds = {}};
  for (double bytes = 1 << 16; bytes <= kFar; bytes *= 4) {
    Matrix from(static_cast<int64_t>(bytes) / 4, 1), to(from.rows(), 1);
    from.fill(0.5f);
    copy.y.push_back(bytes);
    copy.seconds.push_back(usual([&] { std::memcpy(to.data(), from.data(), to.bytes()); }) / bytes);
  }
  rates.tables["copy"] = copy;
  const Matrix sealed = filled(1 << 16, 1);
  const std::span message(reinterpret_cast<const std::byte*>(sealed.data()), sealed.bytes());
  volatile uint64_t sum = 0;  // or nothing would be computed
  rates.numbers["checksum"] = usual([&] { sum = message_checksum(message); }) / static_cast<double>(message.size());
  const SocketRates sockets = measure_sockets();
  rates.numbers["socket"] = sockets.byte;
  rates.numbers["message"] = sockets.message;
}

/// The speed of all cores over that of one, and what a parallel region costs. A virtual machine's processors may share
/// a core for a while: the best of several calls counts.
void measure_threads(Rates& rates) {
  const int cores = allowed_cores();
  const Csr a = by_chance(4096, 1 << 18, kDegree);
  const Matrix x = filled(1 << 18, 64), w = filled(256, 256), tall = filled(2048, 256), other = filled(16384, 256);
  Matrix y(4096, 64), out(16384, 256), product_out(2048, 256);
  const auto gather = [&] { spmm(a, x, y); };
  const auto product = [&] { gemm(tall, w, product_out); };
  const auto stream = [&] {
    parallel_blocks(out.rows(), kBlock, [&](int64_t begin, int64_t end) {
      std::memcpy(out.row(begin), other.row(begin), static_cast<size_t>((end - begin) * 256 * 4));
    });
  };
  const std::pair<const char*, std::function<void()>> works[] = {
      {"gather", gather}, {"gemm", product}, {"stream", stream}};
  for (const auto& [name, work] : works) {
    set_thread_count(1);
    const double one = best_together(work);
    set_thread_count(cores);
    const double speedup = one / best_together(work);
    double& best = rates.numbers["speedup." + std::string(name)];
    best = std::max(best, std::clamp(speedup, 1.0, static_cast<double>(cores)));
  }
  rates.numbers["region"] = best_together([] { parallel_blocks(64, 1, [](int64_t, int64_t) {}); });
  set_thread_count(1);
}

Rates measured() {
  Rates rates;
  measure_threads(rates);
  measure_spmm(rates);
  measure_gemm(rates, "gemm", Product::plain);
  measure_gemm(rates, "gemm_ta", Product::transposed_a);
  measure_gemm(rates, "gemm_tb", Product::transposed_b);
  measure_codec(rates);
  measure_activation(rates);
  measure_memory(rates);
  measure_layers(rates);
  measure_threads(rates);
  return rates;
}

/// The mean of both; of speedups the best.
void join(Rates& rates, const Rates& others) {
  for (auto& [name, table] : rates.tables) {
    const std::vector<double>& seconds = others.tables.at(name).seconds;
    for (size_t k = 0; k < seconds.size(); ++k) table.seconds[k] = std::midpoint(table.seconds[k], seconds[k]);
  }
  for (auto& [name, number] : rates.numbers) {
    const double other = others.number(name);
    number = name.starts_with("speedup") ? std::max(number, other) : std::midpoint(number, other);
  }
}

}  // namespace

/// Twice, since a virtual machine may be slow for a while.
Rates calibrate() {
  const int threads = thread_count();
  Rates rates = measured();
  join(rates, measured());
  rates.machine = machine_name();
  rates.cores = allowed_cores();
  set_thread_count(threads);
  return rates;
}

}  // namespace tersegraph
