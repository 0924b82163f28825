#include <fmt/format.h>

#include "base/error.h"
#include "cli/commands.h"
#include "data/dataset.h"
#include "run/units.h"

namespace tersegraph {
namespace {

struct GenerateWords {
  std::string spec, out;
};

int generate(const GenerateWords& words) {
  if (!words.spec.starts_with("sbm:")) {
    fail_input("cannot generate '{}'; give sbm:nodes=..,edges=..,features=..,classes=..,seed=..", words.spec);
  }
  const Dataset dataset = load_dataset(words.spec);
  save_dataset(dataset, words.out);
  fmt::print("{}: {} nodes, {} edges, {} features, {} classes\n", words.out, format_count(dataset.nodes()),
             format_count(dataset.graph.edges()), format_count(dataset.features.cols()), dataset.labels.outputs);
  return 0;
}

}  // namespace

void add_generate(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("generate", "write a synthetic dataset");
  static GenerateWords words;
  command->add_option("SPEC", words.spec, "sbm:nodes=..,edges=.. (undirected),features=..,classes=..,seed=..")
      ->required();
  command->add_option("--out", words.out, "file to write")->type_name("FILE.npz")->required();
  command->footer(
      "Example: tersegraph generate sbm:nodes=1000,edges=5000,features=32,classes=4,seed=1 --out small.npz");
  command->callback([&chosen] { chosen = [] { return generate(words); }; });
}

}  // namespace tersegraph
