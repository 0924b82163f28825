#include "run/plan_words.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "comm/launch.h"
#include "run/cores.h"
#include "run/options.h"
#include "run/train_config.h"
#include "run/trainers.h"
#include "run/units.h"

namespace tersegraph {
namespace {

std::string plural(int64_t count, std::string_view word) {
  return fmt::format("{} {}{}", format_count(count), word, count == 1 ? "" : "s");
}

std::string output_words(const DatasetShape& dataset) {
  switch (dataset.task) {
    case Task::multiclass:
      return dataset.outputs == 1 ? "1 class" : fmt::format("{} classes", format_count(dataset.outputs));
    case Task::multilabel:
      return plural(dataset.outputs, "label");
    case Task::regression:
      return plural(dataset.outputs, "target");
  }
  return "";
}

std::string graph_line(const Job& job) {
  const DatasetShape& dataset = job.shape;
  const Split& split = job.splits.front();
  return fmt::format("graph   {}: {}, {}, {}, {}; {} train, {} validation, {} test\n", dataset.name,
                     plural(dataset.nodes, "node"), plural(dataset.edges, "edge"), plural(dataset.features, "feature"),
                     output_words(dataset), format_count(std::ssize(split.train)), format_count(std::ssize(split.val)),
                     format_count(std::ssize(split.test)));
}

std::string augmentation_words(const RunConfig& config) {
  if (config.model == "sgc") return fmt::format(" on hop {} of the {} operator", config.hops, config.operator_);
  if (config.model == "gamlp") return fmt::format(" on hops 0 to {} of the {} operator", config.hops, config.operator_);
  return "";
}

std::string admm_words(const RunConfig& config) {
  std::string words = fmt::format("stages of {} layers, {} iterations; admm, {} solver, rho {}, nu {}", config.stages,
                                  config.iterations, config.solver, config.rho, config.nu);
  if (config.quantize != "none") {
    words += fmt::format("; {} on the {} grid{}", config.quantize == "p" ? "p" : "p and q", config.grid,
                         config.bits == 0 ? "" : fmt::format(" of {} bits", config.bits));
  }
  return words;
}

std::string model_line(const RunConfig& config) {
  const bool admm = trainer_kind(config) == TrainerKind::admm;
  std::string words = fmt::format("model   {}, {}, hidden width {}{}; ", config.model, plural(config.layers, "layer"),
                                  config.hidden, augmentation_words(config));
  words += admm ? admm_words(config)
                : fmt::format("{}, learning rate {}, {}", config.optimizer, config.lr, plural(config.epochs, "epoch"));
  if (config.check_theory) words += "\ntheory  " + check_theory(admm_trainer_config(config).admm).sentence;
  return words + '\n';
}

std::string width_words(const RunConfig& config) {
  if (config.exchange == "exact" || config.exchange == "sancus") return "";
  if (config.exchange == "uniform" || config.exchange == "pipe") return fmt::format(" of {} bits", config.bits);
  const std::string widths = fmt::format(" of {} bits", config.widths);
  if (config.exchange == "random") return widths;
  return widths + (config.budget.empty() ? fmt::format(", lambda {}", config.lambda) : ", " + config.budget);
}

std::string rank_lines(const Job& job, const PartitionFacts& facts, int hosts, int ranks_here) {
  const RunConfig& config = job.config;
  std::string words =
      fmt::format("ranks   {} x {} on {}", config.ranks, plural(config.threads, "thread"), plural(hosts, "host"));
  if (config.ranks > 1) {
    const double cut =
        static_cast<double>(facts.cut_edges) / static_cast<double>(std::max<int64_t>(1, job.shape.edges));
    words += fmt::format("; {} parts of {} to {} nodes, {:.1f} % of the edges cut, {}", config.partition,
                         format_count(facts.smallest_part), format_count(facts.largest_part), 100 * cut,
                         plural(facts.halo_rows, "halo row"));
    if (const int64_t nodes = node_ranks(config); nodes > 1) {
      words += fmt::format("; layers over {}, training nodes over {}", plural(config.ranks / nodes, "rank"), nodes);
    }
    if (!config.exchange.empty()) words += fmt::format("; {} exchange{}", config.exchange, width_words(config));
  }
  words += '\n';
  if (launched_ranks() > 1 && cores_lost_to_binding(ranks_here) > 0) {
    words += fmt::format("        the launcher binds each rank to {}; mpirun --bind-to none frees {} more\n",
                         plural(cores_per_rank(ranks_here), "core"), cores_lost_to_binding(ranks_here));
  }
  return words;
}

std::string memory_line(const Job& job, int64_t predicted) {
  const int64_t available = available_memory();
  std::string words = fmt::format("memory  {} a process predicted", format_bytes(static_cast<double>(predicted)));
  if (!job.config.memory_limit.empty()) words += fmt::format(", of {}", job.config.memory_limit);
  if (const int64_t bits = job.config.activation_bits; bits != 0 && bits < 32) {
    words += fmt::format("; activations are kept at {} bits", bits);
  }
  if (available > 0 && predicted > available) {
    words += fmt::format("; only {} are free here: expect swapping or an end for lack of memory",
                         format_bytes(static_cast<double>(available)));
  }
  return words + '\n';
}

}  // namespace

int64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string word;
  int64_t kilobytes = 0;
  while (file >> word) {
    if (word == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::string plan_words(const Job& job, const std::vector<int>& host_of) {
  const PartitionFacts facts = partition_facts(job);
  const MemoryPrediction memory = predict_memory(job, facts);
  const int hosts = *std::ranges::max_element(host_of) + 1;
  const auto ranks_here = static_cast<int>(std::ranges::count(host_of, host_of.front()));
  return graph_line(job) + model_line(job.config) + rank_lines(job, facts, hosts, ranks_here) +
         memory_line(job, memory.total());
}

}  // namespace tersegraph
