#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "cli/commands.h"
#include "data/dataset_rows.h"
#include "run/signals.h"
#include "run/units.h"

namespace tersegraph {
namespace {

struct ConvertWords {
  std::string in, out;
  bool symmetrise = false;
};

int convert(const ConvertWords& words) {
  const SignalGuard guard;
  if (!words.out.ends_with(".npz")) fail_input("{} must end in .npz, the one format that is written", words.out);
  std::unique_ptr<DatasetRows> rows = open_dataset(words.in);
  if (words.symmetrise) rows = symmetrised(std::move(rows));
  save_dataset(*rows, words.out);
  const DatasetShape shape = rows->shape();
  fmt::print("{}: {} nodes, {} edges{}\n", words.out, format_count(shape.nodes), format_count(shape.edges),
             shape.directed ? ", directed" : "");
  return 0;
}

}  // namespace

Subcommand convert_subcommand() {
  static ConvertWords words;
  return {.name = "convert",
          .help = "read any known format and write an .npz file",
          .footer = "Example: tersegraph convert ind.cora.graph cora.npz",
          .arguments = {{.name = "IN",
                         .help = "a file in a known format",
                         .target = &words.in,
                         .required = true,
                         .offers = Offers::files},
                        {.name = "OUT",
                         .help = "file to write, ending in .npz",
                         .target = &words.out,
                         .required = true,
                         .offers = Offers::files},
                        {.name = "--symmetrise",
                         .help = "add the reverse of every edge of a directed graph",
                         .target = &words.symmetrise}},
          .run = [] { return convert(words); }};
}

}  // namespace tersegraph
