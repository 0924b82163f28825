#include "epoch_work.h"

#include <algorithm>

#include "base/error.h"
#include "train/input_order.h"

namespace tersegraph {
namespace {

constexpr double kFloat = sizeof(float);
constexpr double kEntryBytes = 8;    ///< column and value
constexpr double kRowBytes = 8;      ///< indptr
constexpr double kElementFlops = 3;  ///< of an activation, each way

int64_t count_aggregated(CsrView a, CsrView x) {
  std::vector<int64_t> seen(static_cast<size_t>(x.cols), -1);
  int64_t count = 0;
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t e = a.begin(i); e < a.end(i); ++e) {
      const int32_t j = a.indices[e];
      for (int64_t f = x.begin(j); f < x.end(j); ++f) {
        int64_t& last = seen[x.indices[f]];
        if (last != i) ++count;
        last = i;
      }
    }
  }
  return count;
}

double real(int64_t count) {
  return static_cast<double>(count);
}

/// Adds up what each phase does.
class Sums {
 public:
  explicit Sums(const EpochShape& shape) : shape_(shape) {}

  /// `count` products of a (rows, in) operand of `entries` stored values by (in, out), or their like backward.
  void products(int count, int64_t rows, int64_t entries, int64_t in, int64_t out) {
    gemm_.flops += 2.0 * count * real(entries) * real(out);
    gemm_.bytes += count * kFloat * (real(entries) + real(in * out) + real(rows * out));
  }

  /// Forward and backward.
  void spmm(int64_t rows, int64_t entries, int64_t cols) {
    for (const int64_t written : {rows, shape_.nodes}) {
      spmm_.flops += 2.0 * real(entries) * real(cols);
      spmm_.bytes += real(entries) * (real(cols) * kFloat + kEntryBytes) + real(written) * kRowBytes +
                     real(written * cols) * kFloat;
    }
    spmm_.gathers.push_back({cols, 2 * entries});
  }

  void forward_spmm(int64_t entries, int64_t cols) {
    spmm_.flops += 2.0 * real(entries) * real(cols);
    spmm_.bytes += real(entries) * (real(cols) * kFloat + kEntryBytes) + real(shape_.nodes) * kRowBytes +
                   real(shape_.nodes * cols) * kFloat;
    spmm_.gathers.push_back({cols, entries});
  }

  void activation(int64_t cols) {
    const double elements = real(shape_.nodes * cols);
    activation_.flops += 2 * kElementFlops * elements;
    activation_.bytes += 5 * kFloat * elements;  // y to h; y and dh to dy
  }

  /// The last layer's bias and its gradient, and the loss.
  void ending(int64_t rows) {
    const double elements = real(rows * shape_.outputs);
    activation_.flops += 2 * elements;
    activation_.bytes += 3 * kFloat * elements;
    loss_.flops += 5 * elements;  // maximum, exponential, sum, quotient, difference
    loss_.bytes += 2 * kFloat * elements;
  }

  void adam(int64_t parameters) {
    optimizer_.flops += 12 * real(parameters);
    optimizer_.bytes += 7 * kFloat * real(parameters);
  }

  std::vector<PhaseWork> result() { return {gemm_, spmm_, activation_, loss_, optimizer_}; }

 private:
  const EpochShape& shape_;
  PhaseWork gemm_{.phase = "gemm", .gathers = {}}, spmm_{.phase = "spmm", .gathers = {}},
      activation_{.phase = "activation", .gathers = {}}, loss_{.phase = "loss", .gathers = {}},
      optimizer_{.phase = "optimizer", .gathers = {}};
};

/// One convolution of `rows` output rows, of which the operator's hold `entries`.
void add_convolution(const EpochShape& s, Sums& sums, int layer, ConvOrder order, int64_t in, int64_t out, int64_t rows,
                     int64_t entries) {
  const bool first = layer == 0;
  const int64_t operand = first ? s.feature_entries : s.nodes * in;
  const int passes = first ? 2 : 3;  // forward, the weights' gradient, the input's gradient
  switch (order) {
    case ConvOrder::aggregated_input:
      sums.products(2, rows, std::min(s.aggregated_entries, rows * in), in, out);
      break;
    case ConvOrder::aggregate_first:
      first ? sums.forward_spmm(entries, in) : sums.spmm(rows, entries, in);
      sums.products(passes, rows, rows * in, in, out);
      break;
    case ConvOrder::transform_first:
      sums.products(passes, s.nodes, operand, in, out);
      sums.spmm(rows, entries, out);
      break;
    case ConvOrder::unaggregated:
      sums.products(passes, rows, operand, in, out);
      break;
  }
  if (s.model.kind != ModelKind::sage) return;
  sums.products(passes, rows, rows == s.nodes ? operand : rows * in, in, out);
}

}  // namespace

EpochShape epoch_shape(const Dataset& dataset, const Split& split, const Csr& aggregation,
                       const FullGraphConfig& config) {
  if (config.model.residual || config.model.input_dropout > 0) {
    fail_input("the work of residual connections and of input dropout is not known");
  }
  const Features& x = dataset.features;
  const InputFacts facts = input_facts(shape_of(dataset), aggregation.nnz(), config, 0, 1);
  EpochShape shape{.model = config.model,
                   .nodes = dataset.nodes(),
                   .train_nodes = std::ssize(split.train),
                   .operator_entries = aggregation.nnz(),
                   .features = x.cols(),
                   .outputs = dataset.labels.outputs,
                   .feature_entries = facts.feature_entries,
                   .aggregated_entries = dataset.nodes() * x.cols(),
                   .first_order = choose_input_order(facts, config)};
  for (const int64_t node : split.train) {
    shape.train_operator_entries += aggregation.indptr[node + 1] - aggregation.indptr[node];
  }
  if (x.is_sparse && shape.first_order == ConvOrder::aggregated_input) {
    shape.aggregated_entries = count_aggregated(aggregation, x.sparse);
  }
  return shape;
}

std::vector<PhaseWork> epoch_work(const EpochShape& s, bool train_rows_only) {
  Sums sums(s);
  int64_t parameters = 0;
  const int last = s.model.layers - 1;
  const int64_t last_rows = train_rows_only ? s.train_nodes : s.nodes;
  for (int l = 0; l <= last; ++l) {
    const int64_t in = l == 0 ? s.features : s.model.hidden, out = l == last ? s.outputs : s.model.hidden;
    const ConvOrder narrower = out < in && !s.model.aggregate_first ? ConvOrder::transform_first  //
                                                                    : ConvOrder::aggregate_first;
    const bool few = l == last && train_rows_only;
    add_convolution(s, sums, l, l == 0 ? s.first_order : narrower, in, out, l == last ? last_rows : s.nodes,
                    few ? s.train_operator_entries : s.operator_entries);
    if (l < last) sums.activation(out);
    parameters += in * out * (s.model.kind == ModelKind::sage ? 2 : 1) + out;
  }
  sums.ending(last_rows);
  sums.adam(parameters);
  return sums.result();
}

}  // namespace tersegraph
