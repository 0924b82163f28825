// Descent by gradients of quantized messages, and how far those gradients are from the exact one. Prints JSON.
//
//   quantized_descent data=FILE|sbm:... [mode=path|noise] [exchange=exact|uniform|adaptive] [bits=8] [budget=.1]
//                     [epochs=1600] [draws=400] [lr=.1] [layers=3] [hidden=64] [norm=none|layer] [ranks=8]
//                     [rows=sources|cover] [seed=0] [split=WORDS] [open=0]
//
// path: SGD without dropout. After epochs[k] epochs, gradient_norms[k] is the squared norm of the exact gradient at the
// weights of that moment, taken on one rank.
// noise: at the weights that `epochs` epochs of exact descent reach, `draws` gradients by the exchange beside the exact
// one of as many ranks; and of one exchange of layer 1's input, the variance of A x beside what widths are chosen by.
// With open=V the biases of hidden layers are V before: every ReLU is open where V is large, and the network linear.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "comm/launch.h"
#include "data/split.h"
#include "exchange/aggregation.h"
#include "kernels/spmm.h"
#include "train/full_graph.h"
#include "words.h"

namespace tersegraph {
namespace {

using nlohmann::json;

struct World {
  Dataset dataset;
  Split split;
  Csr matrix;
  Partition parts, whole;
  FullGraphConfig config;
};

World make_world(const Words& words) {
  World world;
  world.dataset = load_dataset(words.text("data", "sbm:nodes=2000,edges=10000,features=32,classes=5,seed=1"));
  const auto seed = static_cast<uint64_t>(words.number("seed", 0));
  world.split = choose_split(world.dataset, words.text("split", "0.6,0.2,0.2"), 0, seed);
  const int ranks = static_cast<int>(words.number("ranks", 8));
  world.parts = make_partition(world.dataset.graph, ranks, PartitionMethod::metis_cut, 1);
  world.whole = make_partition(world.dataset.graph, 1, PartitionMethod::block, 1);
  FullGraphConfig& config = world.config;
  config.model.layers = static_cast<int>(words.number("layers", 3));
  config.model.hidden = words.number("hidden", 64);
  config.model.dropout = 0.0f;
  config.model.norm = words.text("norm", "none") == "layer" ? NormKind::layer : NormKind::none;
  config.optimizer.kind = OptimizerKind::sgd;
  config.learning_rate = words.real("lr", 0.1);
  config.epochs = static_cast<int>(words.number("epochs", 1600));
  config.eval_every = 0;
  config.seed = seed;
  world.matrix = aggregation_operator(world.dataset.graph, config.normalisation());
  return world;
}

ExchangeConfig exchange_of(const Words& words) {
  const std::string policy = words.text("exchange", "exact");
  ExchangeConfig exchange;
  exchange.intra = IntraHost::same;
  exchange.rows = words.text("rows", "sources") == "cover" ? RowChoice::cover : RowChoice::sources;
  if (policy == "exact") return exchange;
  exchange.policy = policy == "adaptive" ? ExchangePolicy::adaptive : ExchangePolicy::uniform;
  exchange.bits = static_cast<int>(words.number("bits", 8));
  exchange.goal = {AssignerGoal::Form::bytes, words.real("budget", 0.1), {}};
  return exchange;
}

/// Calls see on rank 0 after every epoch.
struct Watch final : Observer {
  using See = std::function<void(const Parameters&)>;
  void on_epoch(const EpochMetrics&) override { see(trainer->parameters()); }
  Trainer* trainer = nullptr;
  See see;
};

/// Trains on the ranks of `partition` from `first`; empty: from the model's own first weights.
TrainResult train(const World& world, const Partition& partition, const FullGraphConfig& config,
                  const std::vector<float>& first, const Watch::See& see) {
  TrainResult result;
  run_thread_ranks(partition.parts, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    FullGraphTrainer trainer(world.dataset, world.matrix, world.split, partition, config, channel);
    if (!first.empty()) trainer.parameters().restore_values(first);
    Watch watch;
    watch.trainer = &trainer;
    watch.see = see;
    TrainResult mine = trainer.train(watch);
    if (channel.rank() == 0) result = std::move(mine);
  });
  return result;
}

double squared_norm(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return sum;
}

/// The exact gradient's squared norm at each of the weights.
std::vector<double> exact_norms(const World& world, const std::vector<std::vector<float>>& weights) {
  FullGraphConfig config = world.config;
  config.epochs = 1;
  std::vector<double> norms;
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    FullGraphTrainer trainer(world.dataset, world.matrix, world.split, world.whole, config, channel);
    Watch watch;
    watch.trainer = &trainer;
    watch.see = [&](const Parameters& parameters) { norms.push_back(squared_norm(parameters.gradients())); };
    for (const std::vector<float>& values : weights) {
      trainer.parameters().restore_values(values);
      trainer.train(watch);
    }
  });
  return norms;
}

/// Every epoch at first, then every eighth.
bool looked_at(int64_t epoch) {
  return epoch <= 64 || epoch % 8 == 0;
}

json path(const World& world, const ExchangeConfig& exchange) {
  FullGraphConfig config = world.config;
  config.exchange = exchange;
  std::vector<std::vector<float>> weights;
  std::vector<int64_t> epochs;
  int64_t epoch = 0;
  const TrainResult result = train(world, world.parts, config, {}, [&](const Parameters& parameters) {
    if (!looked_at(++epoch)) return;
    epochs.push_back(epoch);
    parameters.save_values(weights.emplace_back());
  });
  return {{"epochs", epochs},
          {"gradient_norms", exact_norms(world, weights)},
          {"mean_bits", result.mean_bits},
          {"train_loss", result.last.train_loss},
          {"test_accuracy", result.last.test_accuracy.value_or(0.0)}};
}

/// Sums over the components of one tensor.
struct TensorNoise {
  std::string name;
  double exact = 0, bias = 0, variance = 0;  ///< squared: the exact gradient, mean of the draws - exact, of one draw
};

/// Mean and variance of gradients beside the exact one, by tensor. Without any bias `bias` would be variance / draws,
/// in the mean.
json gradient_noise(const World& world, const std::vector<float>& weights, const ExchangeConfig& exchange, int draws) {
  FullGraphConfig config = world.config;
  config.learning_rate = 0.0;  // the weights stay
  config.epochs = 1;
  std::vector<double> exact;
  std::vector<std::pair<std::string, int64_t>> tensors;
  train(world, world.parts, config, weights, [&](const Parameters& parameters) {
    exact.assign(parameters.gradients().begin(), parameters.gradients().end());
    for (int t = 0; t < parameters.count(); ++t) tensors.emplace_back(parameters.name(t), parameters.offset(t));
  });
  std::vector<double> sum(exact.size(), 0.0), squares(exact.size(), 0.0);
  constexpr int kUnseen = 10;  // adaptive widths settle
  config.exchange = exchange;
  config.epochs = draws + kUnseen;
  int epoch = 0;
  train(world, world.parts, config, weights, [&](const Parameters& parameters) {
    if (++epoch <= kUnseen) return;
    for (size_t k = 0; k < exact.size(); ++k) {
      const double difference = parameters.gradients()[k] - exact[k];
      sum[k] += difference;
      squares[k] += difference * difference;
    }
  });
  json all = json::array();
  for (size_t t = 0; t < tensors.size(); ++t) {
    TensorNoise noise{tensors[t].first};
    const auto end = t + 1 < tensors.size() ? static_cast<size_t>(tensors[t + 1].second) : exact.size();
    for (auto k = static_cast<size_t>(tensors[t].second); k < end; ++k) {
      const double mean = sum[k] / draws;
      noise.exact += exact[k] * exact[k];
      noise.bias += mean * mean;
      noise.variance += std::max(0.0, (squares[k] - draws * mean * mean) / (draws - 1));
    }
    all.push_back({{"tensor", noise.name}, {"exact", noise.exact}, {"bias", noise.bias}, {"variance", noise.variance}});
  }
  return {{"tensors", all}, {"draws", draws}};
}

/// relu(A X W + b), the input of layer 1, by these weights.
Matrix first_hidden(const World& world, const std::vector<float>& weights) {
  const Features& x = world.dataset.features;
  const int64_t nodes = world.dataset.nodes(), hidden = world.config.model.hidden;
  Matrix product(nodes, hidden), result(nodes, hidden);
  product.fill(0.0f);
  const auto add = [&](int64_t v, int64_t feature, float value) {
    for (int64_t c = 0; c < hidden; ++c) product(v, c) += value * weights[static_cast<size_t>(feature * hidden + c)];
  };
  for (int64_t v = 0; v < nodes; ++v) {
    if (x.is_sparse) {
      for (int64_t e = x.sparse.indptr[v]; e < x.sparse.indptr[v + 1]; ++e)
        add(v, x.sparse.indices[e], x.sparse.view().value(e));
    } else {
      for (int64_t f = 0; f < x.cols(); ++f) add(v, f, x.dense(v, f));
    }
  }
  spmm(world.matrix, product, result);
  for (int64_t k = 0; k < result.size(); ++k) {
    const float bias = weights[static_cast<size_t>(x.cols() * hidden + k % hidden)];
    result.data()[k] = std::max(0.0f, result.data()[k] + bias);
  }
  return result;
}

/// Of one row at `bits` bits: with an error of S^2/4 a value (the most), S^2/6 (uniform fractions) and S^2 f (1 - f).
struct RowVariance {
  double most = 0, uniform = 0, traced = 0;
};

RowVariance row_variance(const float* row, int64_t cols, int bits) {
  const auto [low, high] = std::minmax_element(row, row + cols);
  const double step = (static_cast<double>(*high) - *low) / ((1 << bits) - 1);
  if (step <= 0) return {};
  RowVariance sum{static_cast<double>(cols) * step * step / 4, static_cast<double>(cols) * step * step / 6, 0};
  for (int64_t c = 0; c < cols; ++c) {
    const double place = (static_cast<double>(row[c]) - *low) / step, fraction = place - std::floor(place);
    sum.traced += step * step * fraction * (1 - fraction);
  }
  return sum;
}

/// E ||A x^ - A x||^2 over all ranks, measured, and as the sum over messages of a row's variance times the squares of
/// the coefficients that it is aggregated with (every source's row travelling).
json exchange_noise(const World& world, const Matrix& x, const ExchangeConfig& exchange, int draws) {
  const int bits = exchange.bits;
  const int ranks = world.parts.parts;
  std::vector<double> measured(ranks, 0.0), bias(ranks, 0.0);
  std::vector<RowVariance> foreseen(ranks);
  run_thread_ranks(ranks, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const int rank = channel.rank();
    const Shard shard = build_shard(world.matrix, world.parts, rank, Ordering::none, 1);
    Aggregation aggregation(shard, channel, exchange);
    Matrix mine(shard.owned_count(), x.cols()), exact(mine.rows(), x.cols()), y(mine.rows(), x.cols());
    for (int64_t i = 0; i < mine.rows(); ++i) std::copy_n(x.row(shard.owned[i]), x.cols(), mine.row(i));
    std::vector<double> differences(static_cast<size_t>(y.size()), 0.0);
    PhaseSeconds seconds;
    aggregation.forward(mine, exact, {}, seconds);
    for (int draw = 1; draw <= draws; ++draw) {
      aggregation.forward(mine, y, {true, Traffic::halo_forward, world.config.seed, draw, 1}, seconds);
      for (int64_t k = 0; k < y.size(); ++k) {
        const double difference = static_cast<double>(y.data()[k]) - exact.data()[k];
        measured[rank] += difference * difference / draws;
        differences[static_cast<size_t>(k)] += difference / draws;
      }
    }
    for (const double mean : differences) bias[rank] += mean * mean;
    for (int64_t e = 0; e < shard.remote.nnz(); ++e) {
      const double square = std::pow(static_cast<double>(shard.remote.view().value(e)), 2);
      const RowVariance row = row_variance(x.row(shard.halo[shard.remote.indices[e]]), x.cols(), bits);
      foreseen[rank].most += square * row.most;
      foreseen[rank].uniform += square * row.uniform;
      foreseen[rank].traced += square * row.traced;
    }
  });
  RowVariance sum;
  double all = 0, of_mean = 0;
  for (int r = 0; r < ranks; ++r) {
    all += measured[r];
    of_mean += bias[r];
    sum.most += foreseen[r].most, sum.uniform += foreseen[r].uniform, sum.traced += foreseen[r].traced;
  }
  return {{"measured", all},  {"bias_norm", of_mean},   {"standard_error", all / draws},
          {"most", sum.most}, {"uniform", sum.uniform}, {"traced", sum.traced},
          {"draws", draws}};
}

/// What exact descent reaches, the biases of hidden layers set to `open` where that is not 0.
std::vector<float> reached_weights(const World& world, double open) {
  std::vector<float> weights;
  train(world, world.parts, world.config, {}, [&](const Parameters& parameters) {
    parameters.save_values(weights);
    if (open == 0) return;
    for (int layer = 0; layer < world.config.model.layers - 1; ++layer) {
      const std::string name = fmt::format("layers.{}.bias", layer);
      for (int t = 0; t < parameters.count(); ++t) {
        if (parameters.name(t) != name) continue;
        std::fill_n(weights.begin() + parameters.offset(t), world.config.model.hidden, static_cast<float>(open));
      }
    }
  });
  return weights;
}

json noise(const World& world, const ExchangeConfig& exchange, int draws, double open) {
  const std::vector<float> weights = reached_weights(world, open);
  json result = {{"gradient", gradient_noise(world, weights, exchange, draws)}};
  if (exchange.policy == ExchangePolicy::uniform) {
    result["exchange"] = exchange_noise(world, first_hidden(world, weights), exchange, draws);
  }
  return result;
}

int run(int argc, char** argv) {
  const Words words(argc - 1, argv + 1);
  words.allow_only({"data", "mode", "exchange", "bits", "budget", "epochs", "draws", "lr", "layers", "hidden", "norm",
                    "ranks", "rows", "seed", "split", "open"});
  const World world = make_world(words);
  const std::string mode = words.text("mode", "path");
  if (mode != "path" && mode != "noise") fail_input("mode={}: it is path or noise", mode);
  const ExchangeConfig exchange = exchange_of(words);
  const json result = mode == "path"
                          ? path(world, exchange)
                          : noise(world, exchange, static_cast<int>(words.number("draws", 400)), words.real("open", 0));
  fmt::print("{}\n", result.dump());
  return 0;
}

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  try {
    return tersegraph::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "quantized_descent: {}\n", error.what());
    return 2;
  }
}
