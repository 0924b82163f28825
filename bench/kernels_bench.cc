// Speed of the kernels: SpMM, GEMM, and the row codec. Counters give GFLOP/s, or GB/s of the fp32 rows that a kernel
// reads or stands for. The last argument of every benchmark is the number of threads.
//
//   kernels_bench --benchmark_filter=Spmm --benchmark_repetitions=5 --benchmark_report_aggregates_only

#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/csr.h"
#include "base/matrix.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "kernels/gemm.h"
#include "kernels/row_codec.h"
#include "kernels/spmm.h"

namespace tersegraph {
namespace {

Matrix random_matrix(int64_t rows, int64_t cols) {
  Matrix m(rows, cols);
  Random random(1, Purpose::generator);
  for (int64_t k = 0; k < m.size(); ++k) m.data()[k] = static_cast<float>(random.uniform());
  return m;
}

Csr random_graph(int64_t nodes, int64_t degree) {
  Csr a;
  a.cols = nodes;
  a.indptr.resize(nodes + 1);
  Random random(2, Purpose::generator);
  for (int64_t i = 0; i <= nodes; ++i) a.indptr[i] = i * degree;
  for (int64_t e = 0; e < nodes * degree; ++e) a.indices.push_back(static_cast<int32_t>(random.below(nodes)));
  a.values.assign(a.indices.size(), 0.5f);
  return a;
}

void gflops(benchmark::State& state, double flops) {
  state.counters["GFLOP/s"] = benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void gbytes(benchmark::State& state, double bytes) {
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

/// 200,000 nodes, 4 million edges between random nodes: nothing is near. Arguments: columns, threads.
void BM_Spmm(benchmark::State& state) {
  static const Csr graph = random_graph(200'000, 20);
  const Matrix x = random_matrix(graph.cols, state.range(0));
  Matrix y(graph.rows(), state.range(0));
  y.fill(0.0f);  // page faults are not what is timed
  set_thread_count(static_cast<int>(state.range(1)));
  for (auto _ : state) spmm(graph, x, y);
  gbytes(state, static_cast<double>(graph.nnz() * state.range(0) * 4));
}
BENCHMARK(BM_Spmm)->ArgsProduct({{16, 40, 64, 100, 256}, {1, 2}})->Unit(benchmark::kMillisecond)->UseRealTime();

/// n, k, m of the products of GNN layers: hidden layers, outputs, Cora's first layer.
const std::vector<std::vector<int64_t>> kGemmShapes = {
    {100'000, 256, 256}, {100'000, 256, 40}, {100'000, 100, 256}, {2708, 1433, 16}, {2708, 16, 7}};

void gemm_arguments(benchmark::internal::Benchmark* b) {
  for (int64_t threads : {1, 2}) {
    for (const auto& shape : kGemmShapes) b->Args({shape[0], shape[1], shape[2], threads});
  }
}

/// One of the three products over matrices of (n, k), (k, m), (n, m); Multiply(a, b, c, workspace) says which.
template <class Multiply>
void time_gemm(benchmark::State& state, Multiply multiply) {
  const int64_t n = state.range(0), k = state.range(1), m = state.range(2);
  const Matrix a = random_matrix(n, k), b = random_matrix(k, m), c = random_matrix(n, m);
  GemmWorkspace workspace;
  set_thread_count(static_cast<int>(state.range(3)));
  for (auto _ : state) multiply(a, b, c, workspace);
  gflops(state, 2.0 * static_cast<double>(n) * static_cast<double>(k) * static_cast<double>(m));
}

/// c = a b: the forward pass.
void BM_Gemm(benchmark::State& state) {
  time_gemm(state, [](const Matrix& a, const Matrix& b, const Matrix& c, GemmWorkspace&) { gemm(a, b, c); });
}
BENCHMARK(BM_Gemm)->Apply(gemm_arguments)->Unit(benchmark::kMillisecond)->UseRealTime();

/// a = c b^T: the gradient of the input.
void BM_GemmTransposedB(benchmark::State& state) {
  time_gemm(state,
            [](const Matrix& a, const Matrix& b, const Matrix& c, GemmWorkspace&) { gemm_transposed_b(c, b, a); });
}
BENCHMARK(BM_GemmTransposedB)->Apply(gemm_arguments)->Unit(benchmark::kMillisecond)->UseRealTime();

/// b = a^T c: the gradient of the weights.
void BM_GemmTransposedA(benchmark::State& state) {
  time_gemm(state, [](const Matrix& a, const Matrix& b, const Matrix& c, GemmWorkspace& workspace) {
    gemm_transposed_a(a, c, b, workspace);
  });
}
BENCHMARK(BM_GemmTransposedA)->Apply(gemm_arguments)->Unit(benchmark::kMillisecond)->UseRealTime();

/// A message of every row of x, in order or in random order.
struct CodecWork {
  Csr rows;
  std::vector<int64_t> ids, offsets;
  std::vector<uint8_t> bits;
  std::vector<RowParams> params;
  Matrix payload;

  CodecWork(int64_t count, int64_t cols, int width, bool shuffled)
      : ids(count), bits(count, static_cast<uint8_t>(width)), params(count) {
    std::iota(ids.begin(), ids.end(), 0);
    rows.cols = count;
    rows.indices.assign(ids.begin(), ids.end());
    Random random(3, Purpose::generator);
    for (int64_t k = count - 1; shuffled && k > 0; --k) std::swap(rows.indices[k], rows.indices[random.below(k + 1)]);
    for (int64_t k = 0; k < count; ++k) {
      rows.indptr.push_back(k + 1);
      offsets.push_back(k * payload_bytes(width, cols));
    }
    payload = random_matrix(count, payload_bytes(width, cols) / 4 + 1);
  }

  EncodedRowsOut out() {
    return {bits.data(), offsets.data(), reinterpret_cast<std::byte*>(payload.data()), params.data()};
  }
};

void codec_arguments(benchmark::internal::Benchmark* b) {
  b->ArgsProduct({{256}, {1, 2, 3, 4, 5, 6, 7, 8, 16, 32}, {0}, {1, 2}});
  b->ArgsProduct({{256}, {2, 4, 8, 16, 32}, {1}, {1, 2}});
  b->ArgsProduct({{40}, {2}, {0}, {1, 2}});
}

constexpr int64_t kCodecRows = 100'000;

/// Arguments: columns, bits, random order?, threads.
void BM_EncodeRows(benchmark::State& state) {
  const Matrix x = random_matrix(kCodecRows, state.range(0));
  CodecWork work(kCodecRows, state.range(0), static_cast<int>(state.range(1)), state.range(2) != 0);
  const StreamKey key(1, Purpose::rounding);
  set_thread_count(static_cast<int>(state.range(3)));
  for (auto _ : state) encode_rows(work.rows, x, work.ids.data(), key, work.out());
  gbytes(state, static_cast<double>(x.bytes()));
}
BENCHMARK(BM_EncodeRows)->Apply(codec_arguments)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_AccumulateRows(benchmark::State& state) {
  const int width = static_cast<int>(state.range(1));
  Matrix y = random_matrix(kCodecRows, state.range(0));
  CodecWork work(kCodecRows, state.range(0), width, state.range(2) != 0);
  encode_rows(work.rows, y, work.ids.data(), StreamKey(1, Purpose::rounding), work.out());
  std::vector<EncodedRow> rows;
  for (int64_t k = 0; k < kCodecRows; ++k)
    rows.push_back({work.out().payload + work.offsets[k], work.params[k], width});
  set_thread_count(static_cast<int>(state.range(3)));
  for (auto _ : state) accumulate_rows(work.rows, rows.data(), y);
  gbytes(state, static_cast<double>(y.bytes()));
}
BENCHMARK(BM_AccumulateRows)->Apply(codec_arguments)->Unit(benchmark::kMillisecond)->UseRealTime();

/// Rows copied as they are, which a codec of gathered rows can be measured by. Arguments: columns, random order?,
/// threads.
void BM_CopyRows(benchmark::State& state) {
  const Matrix x = random_matrix(kCodecRows, state.range(0));
  Matrix y = random_matrix(kCodecRows, state.range(0));
  const CodecWork work(kCodecRows, state.range(0), 32, state.range(1) != 0);
  set_thread_count(static_cast<int>(state.range(2)));
  for (auto _ : state) {
    parallel_blocks(kCodecRows, 64, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) std::copy_n(x.row(work.rows.indices[k]), x.cols(), y.row(k));
    });
    benchmark::ClobberMemory();
  }
  gbytes(state, static_cast<double>(x.bytes()));
}
BENCHMARK(BM_CopyRows)->ArgsProduct({{256}, {0, 1}, {1, 2}})->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace tersegraph

BENCHMARK_MAIN();
