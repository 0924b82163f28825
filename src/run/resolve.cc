#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "comm/launch.h"
#include "run/config.h"
#include "run/cores.h"
#include "run/lists.h"
#include "run/options.h"
#include "run/presets.h"
#include "run/run_directory.h"
#include "run/sharded_job.h"
#include "run/train_config.h"

namespace tersegraph {
namespace {

std::string trainer_words(const RunConfig& config) {
  return trainer_kind(config) == TrainerKind::admm ? "--optimizer admm" : "--model " + config.model;
}

/// An option that would be ignored is a mistake of whoever set it.
void refuse_unread(const RunConfig& config) {
  for (const Option& option : options()) {
    if (option.read_by(trainer_kind(config)) || option_word(config, option) == option_word({}, option)) continue;
    fail_input("--{} means nothing to {}; leave it out", option.name, trainer_words(config));
  }
}

/// A rank a part. The parts are what they are: --partition only says so.
void resolve_parts(RunConfig& config, int launched) {
  const ShardManifest manifest = read_manifest(config.data);
  if (config.ranks == 0 && launched == 0) config.ranks = manifest.parts();
  const int64_t ranks = config.ranks == 0 ? launched : config.ranks;
  if (ranks != manifest.parts()) {
    const std::string remedy = launched > 0 ? fmt::format("start {} processes", manifest.parts())
                                            : fmt::format("run with --ranks {}", manifest.parts());
    fail_input("{}: the dataset is of {} part{}, and the run of {} rank{}: {}", config.data, manifest.parts(),
               manifest.parts() == 1 ? "" : "s", ranks, ranks == 1 ? "" : "s", remedy);
  }
  if (config.partition != RunConfig{}.partition && config.partition != manifest.partitioner) {
    fail_input("--partition {}: the parts in {} are by {}; leave --partition out", config.partition, config.data,
               manifest.partitioner);
  }
  config.partition = manifest.partitioner;
}

void resolve_ranks(RunConfig& config) {
  // One process alone needs no MPI: its ranks are threads.
  const int launched = launched_ranks() > 1 ? launched_ranks() : 0;
  if (launched > 0 && config.ranks != 0 && config.ranks != launched) {
    fail_input("--ranks is {}, but the launcher started {} processes; leave --ranks out under mpirun", config.ranks,
               launched);
  }
  if (reads_shards(config)) resolve_parts(config, launched);
  if (config.ranks == 0) {
    const int64_t axes = std::max(config.layer_ranks, int64_t{1}) * std::max(config.node_ranks, int64_t{1});
    config.ranks = launched > 0 ? launched : axes;
  }
  if (config.threads == 0) {
    config.threads = cores_per_rank(launched > 0 ? launched_ranks_here() : static_cast<int>(config.ranks));
  }
}

/// ADMM grows through these unless told otherwise.
constexpr int kUsualStages[] = {2, 5, 10};
constexpr int kFirstIterations = 20, kMiddleIterations = 10, kLastIterations = 20;

void default_stages(RunConfig& config) {
  const int64_t layers = config.layers == 0 ? kUsualStages[2] : config.layers;
  for (const int stage : kUsualStages) {
    if (stage < layers) config.stages += fmt::format("{},", stage);
  }
  config.stages += fmt::format("{}", layers);
}

void default_iterations(RunConfig& config, size_t stages) {
  for (size_t i = 0; i < stages; ++i) {
    const int count = i + 1 == stages ? kLastIterations : i == 0 ? kFirstIterations : kMiddleIterations;
    config.iterations += fmt::format("{}{}", i == 0 ? "" : ",", count);
  }
}

/// Growth decides the layers and the epochs.
void resolve_stages(RunConfig& config) {
  const bool admm = trainer_kind(config) == TrainerKind::admm;
  if (admm && config.stages.empty()) default_stages(config);
  if (config.stages.empty()) {
    if (!config.iterations.empty()) fail_input("--iterations {} needs --stages", config.iterations);
    return;
  }
  const std::vector<int> stages = parse_counts(config.stages, "--stages");
  if (!std::ranges::is_sorted(stages, std::ranges::less_equal())) {
    fail_input("--stages {}: every stage must have more layers than the one before", config.stages);
  }
  if (config.layers != 0 && config.layers != stages.back()) {
    fail_input("--layers {} and --stages {} disagree; leave --layers out", config.layers, config.stages);
  }
  config.layers = stages.back();
  if (config.iterations.empty()) {
    if (!admm) fail_input("--stages {} needs --iterations, the epochs of each stage", config.stages);
    default_iterations(config, stages.size());
  }
  const std::vector<int> iterations = parse_counts(config.iterations, "--iterations");
  if (iterations.size() != stages.size()) {
    fail_input("--iterations {} lists {} counts, but --stages {} has {} stages", config.iterations, iterations.size(),
               config.stages, stages.size());
  }
  const int64_t sum = std::accumulate(iterations.begin(), iterations.end(), int64_t{0});
  if (config.epochs != 0 && config.epochs != sum) {
    fail_input("--epochs {} and --iterations {} disagree; leave --epochs out", config.epochs, config.iterations);
  }
  config.epochs = sum;
}

void resolve_model(RunConfig& config) {
  const bool gamlp = config.model == "gamlp", sgc = config.model == "sgc", augmented = gamlp || sgc;
  const bool admm = trainer_kind(config) == TrainerKind::admm;
  if (admm && !gamlp) fail_input("--optimizer admm trains --model gamlp, not {}", config.model);
  if (sgc && config.layers > 1) fail_input("--model sgc has one layer; --layers {} is --model gamlp", config.layers);
  if (augmented) resolve_stages(config);
  if (config.layers == 0) config.layers = sgc ? 1 : gamlp ? 2 : 3;
  if (admm && config.layers < 2) fail_input("--optimizer admm needs at least 2 layers; --layers is {}", config.layers);
  if (config.hidden == 0) config.hidden = augmented ? 100 : 256;
  if (config.epochs == 0) config.epochs = 200;
  if (!admm && config.dropout < 0) config.dropout = augmented ? 0.0 : 0.5;
  if (augmented && config.hops < 0) config.hops = sgc ? 2 : 3;
}

void refuse_unused(const RunConfig& config, std::initializer_list<std::string_view> names, std::string_view needs) {
  for (const std::string_view name : names) {
    const Option& option = find_option(name, name);
    if (option_word(config, option) == option_word({}, option)) continue;
    fail_input("--{} {} needs --exchange {}, but it is {}", name, option_word(config, option), needs, config.exchange);
  }
}

void resolve_exchange(RunConfig& config) {
  if (config.exchange.empty()) config.exchange = launched_ranks_here() < launched_ranks() ? "adaptive" : "exact";
  const bool exact = config.exchange == "exact", uniform = config.exchange == "uniform";
  const bool adaptive = config.exchange == "adaptive", pipe = config.exchange == "pipe";
  const bool fp32 = exact || config.exchange == "sancus", mixed = adaptive || config.exchange == "random";
  if (fp32 && config.bits != 0 && config.bits != 32) {
    fail_input("--bits {} needs --exchange uniform or pipe; {} sends 32-bit values", config.bits, config.exchange);
  }
  if (mixed && config.bits != 0) {
    fail_input("--bits {} is for --exchange uniform or pipe; {} takes --widths", config.bits, config.exchange);
  }
  if (!adaptive) refuse_unused(config, {"lambda", "budget", "link", "link-rounds", "guard-every"}, "adaptive");
  if (!mixed) refuse_unused(config, {"widths", "assign-every"}, "random or adaptive");
  if (config.exchange == "sancus") refuse_unused(config, {"intra"}, "exact, uniform, random, adaptive or pipe");
  if (!pipe) refuse_unused(config, {"pipe-smoothing"}, "pipe");
  if (config.exchange != "sancus") refuse_unused(config, {"sancus-bound", "sancus-epochs"}, "sancus");
  if (!config.overlap && (pipe || config.exchange == "sancus")) {
    fail_input("--no-overlap needs --exchange exact, uniform, random or adaptive, but it is {}", config.exchange);
  }
  if (config.gather_bits < 32 && config.ranks > 1) {
    fail_input("--gather-bits {} is for one rank; between {} ranks rows travel by --exchange", config.gather_bits,
               config.ranks);
  }
  if (!config.budget.empty() && config.lambda != RunConfig{}.lambda) {
    fail_input("--lambda {} and --budget {} contradict each other: a budget needs no weight", config.lambda,
               config.budget);
  }
  if (config.bits == 0 && !mixed) config.bits = uniform ? 8 : 32;
  // A partial sum has a wider range than a row: at few bits it saves bytes and adds variance.
  if (config.halo_rows.empty()) config.halo_rows = exact ? "cover" : "sources";
}

void resolve_quantization(RunConfig& config) {
  if (config.rho == 0.0) config.rho = config.nu;
  if (config.quantize == "none") {
    if (config.bits != 0 && config.bits != 32) fail_input("--bits {} needs --quantize p or pq", config.bits);
    if (!config.grid.empty()) fail_input("--grid {} needs --quantize p or pq", config.grid);
    config.bits = 32;
    return;
  }
  if (config.grid.empty()) config.grid = config.bits == 16 ? "affine" : "delta";
  if (config.grid == "delta" || config.grid == "affine") {
    if (config.bits == 32) fail_input("--bits 32 is what --quantize none sends; p and q take 1 to 8 or 16 bits");
    if (config.bits == 0) config.bits = 4;
  } else if (config.bits != 0) {
    fail_input("--bits {}: --grid {} has its own levels; leave --bits out", config.bits, config.grid);
  }
}

/// The ranks of ADMM on two axes.
void check_axes(const RunConfig& config) {
  if (config.layer_ranks == 0 && config.node_ranks == 0) return;
  const int64_t nodes = node_ranks(config), layers = config.ranks / nodes;
  if (nodes * layers != config.ranks || (config.layer_ranks != 0 && config.layer_ranks != layers)) {
    const std::string axes = config.node_ranks == 0    ? fmt::format("--layer-ranks {}", config.layer_ranks)
                             : config.layer_ranks == 0 ? fmt::format("--node-ranks {}", config.node_ranks)
                                                       : fmt::format("--layer-ranks {} --node-ranks {}",
                                                                     config.layer_ranks, config.node_ranks);
    fail_input("{}: layer ranks times node ranks must be --ranks, which is {}", axes, config.ranks);
  }
  if (layers > config.layers) {
    fail_input("{} ranks for {} layers: give fewer --layer-ranks, or more --node-ranks", layers, config.layers);
  }
}

}  // namespace

RunConfig resolve(RunConfig config) {
  config = without_preset(std::move(config));
  for (const Option& option : options()) check_option(config, option, fmt::format("--{}", option.name));
  refuse_unread(config);
  resolve_ranks(config);
  resolve_model(config);
  if (trainer_kind(config) == TrainerKind::full_graph) resolve_exchange(config);
  if (trainer_kind(config) == TrainerKind::admm) {
    resolve_quantization(config);
    check_axes(config);
  }
  if (config.patience > 0 && config.eval_every == 0) {
    fail_input("--patience {} needs evaluations; set --eval-every to 1 or more", config.patience);
  }
  if (config.out.empty()) config.out = default_run_path(config.model);
  return config;
}

RunConfig resolve_in_memory(RunConfig config) {
  std::string data = std::exchange(config.data, {});
  config = resolve(std::move(config));
  config.data = std::move(data);
  return config;
}

}  // namespace tersegraph
