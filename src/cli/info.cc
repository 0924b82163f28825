#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "data/describe.h"
#include "run/results.h"
#include "run/units.h"

namespace tersegraph {
namespace {

struct InfoWords {
  std::string data;
  bool json = false;
};

std::string task_words(const DatasetFacts& facts) {
  return facts.outputs == 0 ? "none" : std::string(task_name(facts.task));
}

nlohmann::ordered_json to_json(const DatasetFacts& facts) {
  nlohmann::ordered_json json = {{"name", facts.name},
                                 {"format", facts.format},
                                 {"nodes", facts.nodes},
                                 {"edges", facts.edges},
                                 {"directed", facts.directed},
                                 {"weighted", facts.weighted},
                                 {"mean_degree", facts.mean_degree},
                                 {"max_degree", facts.max_degree},
                                 {"isolated", facts.isolated},
                                 {"features", facts.features},
                                 {"sparse_features", facts.sparse_features},
                                 {"feature_density", facts.feature_density},
                                 {"task", task_words(facts)},
                                 {"outputs", facts.outputs},
                                 {"labelled", facts.labelled},
                                 {"class_counts", facts.class_counts},
                                 {"edge_homophily", facts.edge_homophily},
                                 {"splits", nlohmann::ordered_json::array()},
                                 {"remarks", facts.remarks}};
  for (const auto& split : facts.splits) {
    json["splits"].push_back({{"train", split.train}, {"val", split.val}, {"test", split.test}});
  }
  return json;
}

void print_row(const char* name, const std::string& words) {
  fmt::print("{:<10} {}\n", name, words);
}

std::string edge_words(const DatasetFacts& facts) {
  const std::string count = facts.directed ? format_count(facts.edges) + " directed"
                                           : format_count(facts.edges / 2) + " undirected (stored both ways)";
  return count + (facts.weighted ? ", weighted" : "");
}

std::string feature_words(const DatasetFacts& facts) {
  if (facts.features == 0) return "none";
  const std::string kind =
      facts.sparse_features ? fmt::format("sparse ({:.2f} % stored)", 100 * facts.feature_density) : "dense";
  return fmt::format("{}, {}", format_count(facts.features), kind);
}

std::string label_words(const DatasetFacts& facts) {
  if (facts.outputs == 0) return "none";
  return fmt::format("{}, {} outputs; {} nodes labelled", task_name(facts.task), format_count(facts.outputs),
                     format_count(facts.labelled));
}

std::string split_words(const DatasetFacts& facts) {
  if (facts.splits.empty()) return "none";
  const auto& first = facts.splits.front();
  return fmt::format("{}: {} train, {} validation, {} test{}", facts.splits.size(), format_count(first.train),
                     format_count(first.val), format_count(first.test), facts.splits.size() > 1 ? " in the first" : "");
}

void print_table(const DatasetFacts& facts) {
  print_row("name", facts.name);
  if (!facts.format.empty()) print_row("format", facts.format);
  print_row("nodes", fmt::format("{}, {} of them isolated", format_count(facts.nodes), format_count(facts.isolated)));
  print_row("edges", edge_words(facts));
  print_row("degree", fmt::format("{:.1f} on average, {} at most", facts.mean_degree, format_count(facts.max_degree)));
  print_row("features", feature_words(facts));
  print_row("labels", label_words(facts));
  if (!facts.class_counts.empty())
    print_row("classes", fmt::format("of {} nodes", fmt::join(facts.class_counts, ", ")));
  if (std::isfinite(facts.edge_homophily)) {
    print_row("homophily", fmt::format("{:.3f} of the edges join nodes of a class", facts.edge_homophily));
  }
  print_row("splits", split_words(facts));
  for (const std::string& remark : facts.remarks) print_row("note", remark);
}

int info(const InfoWords& words) {
  const DatasetFacts facts = describe(load_dataset(words.data));
  if (words.json) {
    fmt::print("{}\n", to_json(facts).dump(2));
  } else {
    print_table(facts);
  }
  return 0;
}

}  // namespace

Subcommand info_subcommand() {
  static InfoWords words;
  return {.name = "info",
          .help = "say what a dataset is, and what training on it would stumble over",
          .footer = "Example: tersegraph info cora.npz",
          .arguments = {{.name = "DATA",
                         .help = "a file in a known format, or sbm:...",
                         .target = &words.data,
                         .required = true,
                         .offers = Offers::files},
                        {.name = "--json", .help = "print JSON", .target = &words.json}},
          .run = [] { return info(words); }};
}

}  // namespace tersegraph
