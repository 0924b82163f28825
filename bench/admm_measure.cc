#include "admm_measure.h"

#include <cmath>
#include <fstream>
#include <mutex>

#include "admm/layer_pipeline.h"
#include "base/error.h"
#include "base/rng.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

constexpr int64_t kClasses = 7;

/// Columns that every rank draws alike.
struct RandomColumns {
  explicit RandomColumns(const AdmmWork& work) : x(work.columns, work.inputs), labels(work.columns) {
    Random random(1, Purpose::generator);
    const double scale = 1.0 / std::sqrt(static_cast<double>(work.inputs));
    for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(scale * random.normal());
    for (int32_t& label : labels) label = static_cast<int32_t>(random.below(kClasses));
  }
  AdmmInput input() const { return {x, labels.data(), x.rows(), x.cols(), kClasses}; }

  Matrix x;
  std::vector<int32_t> labels;
};

/// Four sizes (64 bits), the labels (32 bits), then X, the first and the last W in fp32, by rows.
void write_start(const std::string& path, const AdmmWork& work, const RandomColumns& columns,
                 const std::vector<LayerBlock>& blocks) {
  std::ofstream file(path, std::ios::binary);
  const auto put = [&](const void* data, size_t bytes) {
    file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  };
  const int64_t sizes[] = {work.columns, work.inputs, work.neurons, kClasses};
  put(sizes, sizeof sizes);
  put(columns.labels.data(), columns.labels.size() * sizeof(int32_t));
  for (const Matrix* x : {&columns.x, &blocks.front().w, &blocks.back().w}) put(x->data(), x->bytes());
  if (!file) fail_input("{}: cannot be written", path);
}

}  // namespace

AdmmWork::AdmmWork(const Words& words)
    : layers(static_cast<int>(words.number("layers", 10))),
      ranks(static_cast<int>(words.number("ranks", 1))),
      threads(static_cast<int>(words.number("threads", 2))),
      neurons(words.number("neurons", 100)),
      columns(words.number("columns", 140)),
      inputs(words.number("inputs", 140)) {
  config.bits = static_cast<int>(words.number("bits", 0));
  if (config.bits > 0) config.quantize = Quantize::pq;
  if (words.text("solver", "closed") == "gradient") config.solver = AdmmSolver::gradient;
}

AdmmMeasurement measure(const AdmmWork& work, int repeats, const std::string& start_file) {
  const RandomColumns columns(work);
  const AdmmInput input = columns.input();
  AdmmConfig config = work.config;
  config.neurons = static_cast<int>(work.neurons);
  AdmmMeasurement out;
  out.phases.resize(static_cast<size_t>(work.ranks));
  const auto body = [&](Communicator& communicator) {
    Channel channel(communicator);
    LayerPipeline pipeline(config, input, channel);
    pipeline.grow(work.layers);
    if (!start_file.empty()) write_start(start_file, work, columns, pipeline.blocks());
    PhaseSeconds warm, seconds;
    for (int i = 0; i < kCheckedIterations; ++i) pipeline.iterate(warm);
    const Timer timer;
    const double objective = sum_terms(pipeline.terms(), config.rho).objective;
    const double terms_milliseconds = timer.seconds() * 1e3;
    std::vector<double> milliseconds;
    for (int i = 0; i < repeats; ++i) {
      const Timer iteration;
      pipeline.iterate(seconds);
      milliseconds.push_back(iteration.seconds() * 1e3);
    }
    pipeline.settle();
    out.phases[channel.rank()] = seconds;  // each rank its own
    if (channel.rank() != 0) return;
    out.milliseconds = milliseconds;
    out.terms_milliseconds = terms_milliseconds;
    out.objective = objective;
  };
  if (launched_ranks() > 0) {
    run_mpi_rank(work.ranks, work.threads, body);
  } else {
    run_thread_ranks(work.ranks, work.threads, body);
  }
  return out;
}

}  // namespace tersegraph
