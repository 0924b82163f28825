// What ADMM reaches and costs.
//   admm_bench accuracy DATA [key=value ...]     test accuracy over seeds, bytes and milliseconds an iteration
//   admm_bench speed [key=value ...]             milliseconds an iteration on random columns
// Keys: neurons, layers, columns, bits (0: fp32), mode (p|pq), grid (affine|paper|code), solver (closed|gradient),
// seeds, ranks, threads, iterations (i,j,k), rho, nu, ridges (first,hidden,last), init, scale-hops (0|1).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>

#include "admm/admm_trainer.h"
#include "admm/augmented_features.h"
#include "admm/reduced_basis.h"
#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "base/timer.h"
#include "comm/launch.h"
#include "data/dataset.h"
#include "data/split.h"

namespace tersegraph {
namespace {

using Words = std::map<std::string, std::string>;

std::string word(const Words& words, const std::string& key, const std::string& fallback) {
  const auto found = words.find(key);
  return found == words.end() ? fallback : found->second;
}

template <class Number>
std::vector<Number> numbers(const std::string& text) {
  std::vector<Number> out;
  std::istringstream stream(text);
  for (std::string item; std::getline(stream, item, ',');) out.push_back(static_cast<Number>(std::stod(item)));
  return out;
}

AdmmConfig config_of(const Words& words) {
  AdmmConfig config;
  config.neurons = std::stoi(word(words, "neurons", "100"));
  config.nu = std::stod(word(words, "nu", fmt::format("{}", config.nu)));
  config.rho = std::stod(word(words, "rho", fmt::format("{}", config.nu)));
  config.init_scale = std::stod(word(words, "init", fmt::format("{}", config.init_scale)));
  config.iterations = numbers<int>(word(words, "iterations", "20,10,20"));
  const auto ridges = numbers<double>(word(words, "ridges", "0.1,1,0.15"));
  config.ridge_first = ridges[0], config.ridge_hidden = ridges[1], config.ridge_last = ridges[2];
  config.bits = std::stoi(word(words, "bits", "0"));
  const std::string grid = word(words, "grid", "affine"), mode = word(words, "mode", "pq");
  config.grid = grid == "paper" ? GridKind::paper : grid == "code" ? GridKind::code : GridKind::affine;
  if (config.bits > 0 || config.grid != GridKind::affine) config.quantize = mode == "p" ? Quantize::p : Quantize::pq;
  config.solver = word(words, "solver", "closed") == "gradient" ? AdmmSolver::gradient : AdmmSolver::closed;
  const int layers = std::stoi(word(words, "layers", "10"));
  if (layers != 10) config.stages = {2, 5, layers};
  return config;
}

struct Figures {
  std::vector<double> values;
  double mean() const {
    double sum = 0.0;
    for (double v : values) sum += v;
    return sum / static_cast<double>(values.size());
  }
  double deviation() const {
    double sum = 0.0;
    for (double v : values) sum += (v - mean()) * (v - mean());
    return std::sqrt(sum / static_cast<double>(values.size()));
  }
  double median() const {
    std::vector<double> sorted = values;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

std::vector<int32_t> labels_of(const Labels& labels, const std::vector<int64_t>& ids) {
  std::vector<int32_t> out;
  for (int64_t id : ids) out.push_back(labels.classes[id]);
  return out;
}

Matrix select(const Matrix& x, const std::vector<int64_t>& ids) {
  Matrix out(static_cast<int64_t>(ids.size()), x.cols());
  for (size_t i = 0; i < ids.size(); ++i) std::copy_n(x.row(ids[i]), x.cols(), out.row(static_cast<int64_t>(i)));
  return out;
}

void accuracy_of(const std::string& path, const Words& words) {
  const Timer prepared;
  const Dataset dataset = load_dataset(path);
  const Split split = choose_split(dataset, "", 0, 0);
  AugmentConfig augment;
  augment.scale_hops = word(words, "scale-hops", "1") != "0";
  const AugmentedFeatures features(dataset.graph, dataset.features, split.train, augment);
  const ReducedBasis basis(features.training_rows());
  const Matrix train = basis.reduce(features.training_rows());
  Matrix transposed(basis.q().cols(), basis.q().rows());
  for (int64_t i = 0; i < basis.q().rows(); ++i) {
    for (int64_t j = 0; j < basis.q().cols(); ++j) transposed(j, i) = basis.q()(i, j);
  }
  const Matrix all = features.multiply(transposed), val = select(all, split.val), test = select(all, split.test);
  const auto train_labels = labels_of(dataset.labels, split.train), val_labels = labels_of(dataset.labels, split.val),
             test_labels = labels_of(dataset.labels, split.test);
  const AdmmData data{{train, train_labels.data(), train.rows(), train.cols(), dataset.labels.outputs},
                      {val, val_labels.data()},
                      {test, test_labels.data()}};
  AdmmConfig config = config_of(words);
  Figures best, best_val, last, milliseconds;
  int64_t bytes = 0;
  const double preparation = prepared.seconds();
  const int ranks = std::stoi(word(words, "ranks", "1"));
  for (int seed = 0; seed < std::stoi(word(words, "seeds", "5")); ++seed) {
    config.seed = static_cast<uint64_t>(seed);
    run_thread_ranks(ranks, std::stoi(word(words, "threads", "2")), [&](Communicator& communicator) {
      Channel channel(communicator);
      Observer observer;
      const AdmmResult result = train_admm(config, data, channel, observer);
      if (channel.rank() != 0) return;
      best.values.push_back(result.best.test_accuracy);
      best_val.values.push_back(result.best.val_accuracy);
      last.values.push_back(result.last.test_accuracy);
      Figures seconds{{result.iteration_seconds.end() - config.iterations.back() / 2, result.iteration_seconds.end()}};
      milliseconds.values.push_back(seconds.median() * 1e3);
      bytes = result.link_bytes;
    });
  }
  fmt::print(
      "{:18} n {:4} bits {:2} best val {:.4f} test {:.4f} +- {:.4f}  last {:.4f} +- {:.4f}  {:.2f} ms/iteration  "
      "{:.3f} MB "
      "in all  prepared in {:.2f} s, rank {}\n",
      dataset.name, config.neurons, config.bits, best_val.mean(), best.mean(), best.deviation(), last.mean(),
      last.deviation(), milliseconds.median(), static_cast<double>(bytes) / 1e6, preparation, train.cols());
}

void speed_of(const Words& words) {
  const AdmmConfig config = config_of(words);
  const int64_t columns = std::stoll(word(words, "columns", "140")), inputs = std::stoll(word(words, "inputs", "140"));
  Random random(1, Purpose::generator);
  Matrix x(columns, inputs);
  for (int64_t i = 0; i < x.size(); ++i)
    x.data()[i] = static_cast<float>(random.normal() / std::sqrt(static_cast<double>(inputs)));
  std::vector<int32_t> labels(static_cast<size_t>(columns));
  for (int64_t i = 0; i < columns; ++i) labels[i] = static_cast<int32_t>(random.below(7));
  const AdmmInput input{x, labels.data(), columns, inputs, 7};
  const int ranks = std::stoi(word(words, "ranks", "1")), threads = std::stoi(word(words, "threads", "2"));
  run_thread_ranks(ranks, threads, [&](Communicator& communicator) {
    Channel channel(communicator);
    LayerPipeline pipeline(config, input, channel);
    pipeline.grow(2);
    PhaseSeconds warm, seconds;
    for (int i = 0; i < 3; ++i) pipeline.iterate(warm);
    pipeline.grow(config.stages.back());
    for (int i = 0; i < 3; ++i) pipeline.iterate(warm);
    Figures times;
    for (int i = 0; i < std::stoi(word(words, "repeats", "20")); ++i) {
      const Timer timer;
      pipeline.iterate(seconds);
      times.values.push_back(timer.seconds() * 1e3);
    }
    const Timer timer;
    (void)pipeline.terms();
    const double measuring = timer.seconds() * 1e3;
    if (channel.rank() != 0) return;
    std::string phases;
    for (const auto& [phase, total] : seconds)
      phases += fmt::format(" {} {:.2f}", phase, total * 1e3 / times.values.size());
    fmt::print("{} x {}, {} columns, {} ranks, {} threads: median {:.2f} ms, min {:.2f} ms;{}; terms {:.2f} ms\n",
               config.stages.back(), config.neurons, columns, ranks, threads, times.median(),
               *std::ranges::min_element(times.values), phases, measuring);
  });
}

int run(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const int first = what == "accuracy" ? 3 : 2;
  if ((what != "accuracy" && what != "speed") || argc < first)
    fail_input("admm_bench: accuracy DATA [key=value ...] or speed [key=value ...]");
  Words words;
  for (int i = first; i < argc; ++i) {
    const std::string text = argv[i];
    const size_t equals = text.find('=');
    if (equals == std::string::npos) fail_input("admm_bench: \"{}\" is no key=value", text);
    words[text.substr(0, equals)] = text.substr(equals + 1);
  }
  what == "accuracy" ? accuracy_of(argv[2], words) : speed_of(words);
  return 0;
}

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  try {
    return tersegraph::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
