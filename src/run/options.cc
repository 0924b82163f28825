#include "run/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "data/partition_file.h"
#include "run/suggest.h"

namespace tersegraph {
namespace {

template <class T>
using Field = T RunConfig::*;

Bounds at_least(double low) {
  return {.low = low};
}
Bounds above(double low) {
  return {.low = low, .open_low = true};
}
Bounds between(double low, double high) {
  return {.low = low, .high = high};
}

// The dimensions that a 32-bit GEMM takes, and more epochs than anyone waits for.
constexpr double kMaxCount = 1e9;
constexpr double kMaxThreads = 4096;
constexpr double kMaxRanks = 1024;
constexpr double kMaxLayers = 1000;
constexpr double kMaxWidth = 1 << 20;
constexpr double kMaxHops = 64;
const Bounds kProbability = {.low = 0, .high = 1, .open_high = true};

Option read_by(unsigned trainers, Option option) {
  option.trainers = trainers;
  return option;
}

constexpr unsigned kGraph = static_cast<unsigned>(TrainerKind::full_graph);
constexpr unsigned kMlp = static_cast<unsigned>(TrainerKind::mlp);
constexpr unsigned kAdmm = static_cast<unsigned>(TrainerKind::admm);

using C = RunConfig;
using Options = std::vector<Option>;

void add_preset(Options& table) {
  table.push_back({"Options",
                   "preset",
                   "a paper's settings, like adaqp-reddit, read before all others; --help presets lists them",
                   &C::preset,
                   {},
                   {},
                   "none",
                   false});
}

void add_data(Options& table) {
  table.insert(
      table.end(),
      {{"Data", "data", "a file in a known format, or sbm:nodes=..,edges=..,features=..,classes=..,seed=..", &C::data},
       {"Data",
        "split",
        "public, shares like 0.6,0.2,0.2, or per-class:20,500,1000",
        &C::split,
        {},
        {},
        "the data's own"},
       {"Data", "split-index", "which of the data's own splits", &C::split_index, {}, between(0, kMaxCount)},
       {"Data", "normalize-features", "scale each node's features to sum 1", &C::normalize_features}});
}

void add_model(Options& table) {
  table.insert(
      table.end(),
      {{"Model",
        "model",
        "gcn and sage convolve; gamlp and sgc are perceptrons on features smoothed beforehand",
        &C::model,
        {"gcn", "sage", "gamlp", "sgc"}},
       {"Model",
        "layers",
        "convolutions, or layers of the perceptron",
        &C::layers,
        {},
        between(1, kMaxLayers),
        "3; of gamlp 2, or the last of --stages; of sgc 1"},
       {"Model", "hidden", "width of the hidden layers", &C::hidden, {}, between(1, kMaxWidth), "256; of gamlp 100"},
       read_by(kGraph | kMlp, {"Model",
                               "dropout",
                               "share of hidden activations dropped",
                               &C::dropout,
                               {},
                               kProbability,
                               "0.5; of gamlp and sgc 0"}),
       read_by(kGraph | kMlp,
               {"Model", "input-dropout", "share of features dropped", &C::input_dropout, {}, kProbability}),
       read_by(kGraph | kMlp, {"Model", "norm", "normalisation between layers", &C::norm, {"layer", "none"}}),
       read_by(kGraph | kMlp, {"Model",
                               "layer-order",
                               "what follows a convolution",
                               &C::layer_order,
                               {"norm-relu-dropout", "dropout-norm-relu"}}),
       read_by(kGraph | kMlp,
               {"Model", "residual", "add a layer's input to its output where the widths agree", &C::residual}),
       read_by(kGraph | kMlp, {"Model", "init", "how weights are drawn", &C::init, {"glorot", "he", "normal"}}),
       read_by(
           kAdmm,
           {"Model", "activation", "between the layers", &C::activation, {"relu", "leaky-relu", "tanh", "sigmoid"}}),
       read_by(kMlp | kAdmm, {"Model",
                              "stages",
                              "grow by identity layers: layers of each stage, like 2,5,10",
                              &C::stages,
                              {},
                              {},
                              "with admm 2,5,10 up to --layers; otherwise none"})});
}

void add_augmentation(Options& table) {
  table.insert(table.end(),
               {read_by(kMlp | kAdmm, {"Augmentation",
                                       "hops",
                                       "the highest power of the operator",
                                       &C::hops,
                                       {},
                                       between(0, kMaxHops),
                                       "3; of sgc, which uses it alone, 2"}),
                read_by(kMlp | kAdmm, {"Augmentation",
                                       "operator",
                                       "sym: D^-1/2 (A+I) D^-1/2; rw: D^-1 (A+I); raw: A",
                                       &C::operator_,
                                       {"sym", "rw", "raw"}}),
                read_by(kMlp | kAdmm, {"Augmentation",
                                       "row-norm",
                                       "scale each node's features to length 1 (l2) or not",
                                       &C::row_norm,
                                       {"l2", "none"}}),
                read_by(kMlp | kAdmm, {"Augmentation", "hop-scale",
                                       "give every hop the same spread over the training nodes", &C::hop_scale})});
}

void add_training(Options& table) {
  table.insert(
      table.end(),
      {{"Training",
        "optimizer",
        "update rule; admm trains gamlp without gradients",
        &C::optimizer,
        {"adam", "sgd", "adagrad", "adadelta", "admm"}},
       {"Training",
        "epochs",
        "passes over the graph",
        &C::epochs,
        {},
        between(1, kMaxCount),
        "200, or the sum of --iterations"},
       read_by(kGraph | kMlp, {"Training", "lr", "learning rate", &C::lr, {}, above(0)}),
       read_by(kGraph | kMlp,
               {"Training", "lr-schedule",
                "constant, cosine[:warmup=N][,min=X], linear[:warmup=N] or step:every=N,factor=X", &C::lr_schedule}),
       read_by(kGraph | kMlp,
               {"Training", "weight-decay", "L2 penalty of the weights", &C::weight_decay, {}, at_least(0)}),
       read_by(kGraph | kMlp, {"Training", "decay-first-layer-only",
                               "weight decay on the first layer alone (Kipf and Welling)", &C::decay_first_layer_only}),
       {"Training", "loss", "auto goes by the labels", &C::loss, {"auto", "ce", "bce", "mse"}},
       read_by(kGraph | kMlp, {"Training", "class-weights",
                               "none, balanced, or a positive number for each class: 1,2.5,1", &C::class_weights}),
       read_by(kGraph | kMlp, {"Training",
                               "patience",
                               "stop after so many epochs without a better validation score; 0: never",
                               &C::patience,
                               {},
                               between(0, kMaxCount)}),
       {"Training",
        "eval-every",
        "epochs between evaluations; 0: only the last",
        &C::eval_every,
        {},
        between(0, kMaxCount)},
       {"Training", "seed", "of all randomness", &C::seed, {}, at_least(0)},
       {"Training",
        "runs",
        "so many runs, with seeds S, S+1, ...; mean and standard deviation",
        &C::runs,
        {},
        between(1, 10000)}});
}

void add_admm(Options& table) {
  const Options admm = {
      {"ADMM", "iterations", "of each stage, like 20,10,20", &C::iterations, {}, {}, "20,10,...,20"},
      {"ADMM", "nu", "weight of z = W p + b and of q = f(z)", &C::nu, {}, above(0)},
      {"ADMM", "rho", "weight of p = q between layers", &C::rho, {}, above(0), "that of --nu"},
      {"ADMM", "ridge", "ridges of the first, hidden and last weights, in units of nu", &C::ridge},
      {"ADMM", "init-scale", "standard deviation of the first layer's first outputs", &C::init_scale, {}, above(0)},
      {"ADMM",
       "solver",
       "closed: every subproblem exactly; gradient: the paper's steps",
       &C::solver,
       {"closed", "gradient"}},
      {"ADMM",
       "tolerance",
       "stop when the Lagrangian changes by less than this share; 0: never",
       &C::tolerance,
       {},
       at_least(0)},
      {"ADMM",
       "quantize",
       "which variables are held to a grid, and so travel in --bits",
       &C::quantize,
       {"none", "p", "pq"}},
      {"ADMM",
       "grid",
       "delta (changes in their own range), affine (values in theirs), paper (-1,0,...,20), code (1000 levels in "
       "[-1,2]) "
       "or a file of levels",
       &C::grid,
       {},
       {},
       "delta; at 16 bits affine"},
      {"ADMM",
       "layer-ranks",
       "ranks that the layers are spread over; times --node-ranks it is --ranks",
       &C::layer_ranks,
       {},
       between(1, kMaxRanks),
       "--ranks / --node-ranks"},
      {"ADMM",
       "node-ranks",
       "ranks that the training nodes of each layer are cut over",
       &C::node_ranks,
       {},
       between(1, kMaxRanks),
       "--ranks / --layer-ranks; without that 1"},
      {"ADMM", "check-theory", "say whether the proof of descent covers rho and nu", &C::check_theory}};
  for (const Option& option : admm)
    table.push_back(read_by(option.name == "iterations" ? kMlp | kAdmm : kAdmm, option));
}

void add_ranks(Options& table) {
  table.insert(
      table.end(),
      {{"Ranks",
        "ranks",
        "ranks in this process; under mpirun, the processes",
        &C::ranks,
        {},
        between(1, kMaxRanks),
        "what mpirun started, or 1"},
       {"Ranks",
        "threads",
        "compute threads of each rank",
        &C::threads,
        {},
        between(1, kMaxThreads),
        "all cores, shared"},
       {"Ranks",
        "timeout",
        "seconds that a rank waits for a message before the other is taken for lost; 0: for ever",
        &C::timeout,
        {},
        between(0, kMaxCount),
        "",
        false},
       {"Ranks",
        "partition",
        "who owns which node: a method, or a file with the part of each node",
        &C::partition,
        {"metis", "metis-volume", "metis-refined", "stream", "random", "block"},
        {},
        "",
        true,
        ~0u,
        true},
       {"Ranks", "reorder", "order of a rank's nodes in memory", &C::reorder, {"auto", "none", "rcm", "clusters"}}});
}

void add_exchange(Options& table) {
  table.insert(
      table.end(),
      {read_by(kGraph, {"Exchange",
                        "exchange",
                        "how rows are encoded between ranks",
                        &C::exchange,
                        {"exact", "uniform", "random", "adaptive", "pipe", "sancus"},
                        {},
                        "adaptive where ranks are on several hosts, otherwise exact"}),
       read_by(kGraph | kAdmm, {"Exchange",
                                "bits",
                                "bits a value of uniform, of pipe, or of p and q: 1 to 8, 16 (bfloat16) or 32",
                                &C::bits,
                                {"1", "2", "3", "4", "5", "6", "7", "8", "16", "32"},
                                {},
                                "8 for uniform, 32 for pipe, 4 for p and q"}),
       read_by(kGraph | kMlp, {"Exchange",
                               "reduce-bits",
                               "bits a value of the gradients that ranks sum: 32, 16 (bfloat16) or 8",
                               &C::reduce_bits,
                               {"32", "16", "8"}}),
       read_by(kGraph,
               {"Exchange",
                "halo-rows",
                "what travels for edges between ranks: each source's row, or the fewest rows and partial sums (cover)",
                &C::halo_rows,
                {"sources", "cover"},
                {},
                "cover where --exchange is exact, otherwise sources"}),
       read_by(kGraph, {"Exchange", "overlap", "compute while messages travel", &C::overlap}),
       read_by(kGraph, {"Exchange", "layer0-cache", "send and aggregate constant features once", &C::layer0_cache}),
       read_by(kGraph, {"Exchange", "aggregate-first", "aggregate before the transform also where that is dearer",
                        &C::aggregate_first})});
}

void add_stale(Options& table) {
  const Options stale = {{"Exchange",
                          "pipe-smoothing",
                          "of pipe: share that moving averages of the rows keep; 0: the last ones alone",
                          &C::pipe_smoothing,
                          {},
                          kProbability},
                         {"Exchange",
                          "sancus-bound",
                          "of sancus: relative change from which rows are sent again",
                          &C::sancus_bound,
                          {},
                          at_least(0)},
                         {"Exchange",
                          "sancus-epochs",
                          "of sancus: age at which rows are sent in any case; 0: none",
                          &C::sancus_epochs,
                          {},
                          between(0, kMaxCount)}};
  for (const Option& option : stale) table.push_back(read_by(kGraph, option));
}

void add_widths(Options& table) {
  const Options widths = {
      {"Adaptive", "widths", "bit-widths that random draws and adaptive chooses from, 0 to 8", &C::widths},
      {"Adaptive", "assign-every", "epochs between new widths", &C::assign_every, {}, between(1, kMaxCount)},
      {"Adaptive",
       "lambda",
       "weight of the error of adaptive widths; the rest weighs time",
       &C::lambda,
       {},
       between(0, 1)},
      {"Adaptive",
       "budget",
       "of adaptive: bytes=0.08 (of fp32), time=0.2 (seconds an epoch), error=0.1 (0 to 1) or slack",
       &C::budget,
       {},
       {},
       "none: error and time by --lambda"},
      {"Adaptive",
       "link",
       "speed between hosts, like 1gbit,50us",
       &C::link,
       {},
       {},
       "probed where adaptive needs it; ranks on one host: 10gbit"},
      {"Adaptive",
       "link-rounds",
       "how long adaptive takes an exchange to be: all at once, or in the rounds of a ring",
       &C::link_rounds,
       {"all", "ring"}},
      {"Adaptive",
       "guard-every",
       "epochs between checks of adaptive's gradient against an exact one, which raise the narrowest width; 0: none",
       &C::guard_every,
       {},
       between(0, kMaxCount)},
      {"Adaptive",
       "intra",
       "ranks of one host: exact, and rows of other hosts shared; or same, as if each had a host of its own",
       &C::intra,
       {"exact", "same"},
       {},
       "exact, unless there is but one host"}};
  for (const Option& option : widths) table.push_back(read_by(kGraph, option));
}

void add_memory(Options& table) {
  table.insert(
      table.end(),
      {read_by(kGraph | kMlp, {"Memory",
                               "activation-bits",
                               "bits a value that the way back finds kept of a layer",
                               &C::activation_bits,
                               {"32", "8", "4"},
                               {},
                               "32, or what --memory-limit asks for"}),
       read_by(kGraph, {"Memory",
                        "gather-bits",
                        "bits a value of the rows that the aggregation of a single rank reads: 32, or 16 (bfloat16)",
                        &C::gather_bits,
                        {"32", "16"}}),
       {"Memory",
        "memory-limit",
        "memory of a process, like 16G or 15.5Gi; activations are kept at fewer bits to stay below it",
        &C::memory_limit,
        {},
        {},
        "none"}});
}

Options make_options() {
  Options table;
  add_preset(table);
  add_data(table);
  add_model(table);
  add_augmentation(table);
  add_training(table);
  add_admm(table);
  add_ranks(table);
  add_exchange(table);
  add_stale(table);
  add_widths(table);
  add_memory(table);
  table.push_back({"Output",
                   "checkpoint-every",
                   "epochs between checkpoints, from which --resume goes on; 0: only where a signal stops the run",
                   &C::checkpoint_every,
                   {},
                   between(0, kMaxCount)});
  table.push_back({"Output", "out", "run directory", &C::out, {}, {}, "runs/<UTC time>-<model>", false});
  table.push_back({"Output", "quiet", "print nothing but errors", &C::quiet, {}, {}, "", false});
  return table;
}

std::string range_words(const Bounds& bounds) {
  const bool low = std::isfinite(bounds.low), high = std::isfinite(bounds.high);
  std::string words = low ? fmt::format("{} {}", bounds.open_low ? "above" : "at least", bounds.low) : "";
  if (high) words += fmt::format("{}{} {}", low ? " and " : "", bounds.open_high ? "below" : "at most", bounds.high);
  return words;
}

std::string choice_words(const Option& option) {
  return fmt::format("{}", fmt::join(option.choices, ", "));
}

template <class Number>
Number parse_number(const char* kind, std::string_view word, std::string_view where) {
  Number value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  const bool finite = std::isfinite(static_cast<double>(value));
  if (error != std::errc() || end != word.data() + word.size() || !finite) {
    fail_input("{} is '{}'; it takes {}", where, word, kind);
  }
  return value;
}

bool parse_bool(std::string_view word, std::string_view where) {
  if (word == "true") return true;
  if (word == "false") return false;
  fail_input("{} is '{}'; it takes true or false", where, word);
}

// Checks the value alone, wherever it came from.
void check_allowed(const RunConfig& config, const Option& option, std::string_view where) {
  const std::string word = option_word(config, option);
  const bool file = option.or_file && is_partition_file(word);
  if (!option.choices.empty() && !file && std::ranges::find(option.choices, word) == option.choices.end()) {
    fail_input("{} is '{}'; known: {}{}", where, word, choice_words(option), did_you_mean(word, option.choices));
  }
  auto check_number = [&](double value) {
    if (!option.bounds.contain(value)) fail_input("{} is {}; it must be {}", where, word, range_words(option.bounds));
  };
  if (const auto* field = std::get_if<Field<int64_t>>(&option.field)) check_number(static_cast<double>(config.**field));
  if (const auto* field = std::get_if<Field<double>>(&option.field)) check_number(config.**field);
}

}  // namespace

std::span<const Option> options() {
  static const std::vector<Option> table = make_options();
  return table;
}

const Option& find_option(std::string_view name, std::string_view where) {
  std::vector<std::string_view> known;
  for (const Option& option : options()) {
    if (option.name == name) return option;
    known.push_back(option.name);
  }
  fail_input("{} is not an option of a run{}", where, did_you_mean(name, known));
}

void set_option(RunConfig& config, const Option& option, std::string_view word, std::string_view where) {
  std::visit(
      [&]<class T>(T RunConfig::*field) {
        if constexpr (std::is_same_v<T, std::string>) config.*field = word;
        if constexpr (std::is_same_v<T, int64_t>) config.*field = parse_number<int64_t>("a whole number", word, where);
        if constexpr (std::is_same_v<T, double>) config.*field = parse_number<double>("a number", word, where);
        if constexpr (std::is_same_v<T, bool>) config.*field = parse_bool(word, where);
      },
      option.field);
  check_allowed(config, option, where);
}

TrainerKind trainer_kind(const RunConfig& config) {
  if (config.optimizer == "admm") return TrainerKind::admm;
  return config.model == "gamlp" || config.model == "sgc" ? TrainerKind::mlp : TrainerKind::full_graph;
}

std::string option_word(const RunConfig& config, const Option& option) {
  return std::visit([&](auto field) { return fmt::format("{}", config.*field); }, option.field);
}

bool is_automatic(const RunConfig& config, const Option& option) {
  return !option.automatic.empty() && option_word(config, option) == option_word({}, option);
}

void check_option(const RunConfig& config, const Option& option, std::string_view where) {
  if (option_word(config, option) != option_word({}, option)) check_allowed(config, option, where);
}

}  // namespace tersegraph
