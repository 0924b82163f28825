#include <fmt/format.h>

#include "base/error.h"
#include "cli/commands.h"
#include "data/dataset.h"
#include "run/signals.h"
#include "run/units.h"

namespace tersegraph {
namespace {

struct GenerateWords {
  std::string spec, out;
};

int generate(const GenerateWords& words) {
  const SignalGuard guard;
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

Subcommand generate_subcommand() {
  static GenerateWords words;
  return {
      .name = "generate",
      .help = "write a synthetic dataset",
      .footer = "Example: tersegraph generate sbm:nodes=1000,edges=5000,features=32,classes=4,seed=1 --out small.npz",
      .arguments = {{.name = "SPEC",
                     .help = "sbm:nodes=..,edges=.. (undirected),features=..,classes=..,seed=..",
                     .target = &words.spec,
                     .required = true},
                    {.name = "--out",
                     .help = "file to write",
                     .target = &words.out,
                     .takes = "FILE.npz",
                     .required = true,
                     .offers = Offers::files}},
      .run = [] { return generate(words); }};
}

}  // namespace tersegraph
