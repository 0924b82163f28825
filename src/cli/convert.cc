#include <fmt/format.h>

#include "base/error.h"
#include "cli/commands.h"
#include "data/dataset.h"
#include "run/units.h"

namespace tersegraph {
namespace {

struct ConvertWords {
  std::string in, out;
  bool symmetrise = false;
};

Graph symmetrised(const Graph& graph) {
  const Csr& adjacency = graph.adjacency;
  std::vector<Edge> edges;
  edges.reserve(adjacency.nnz());
  for (int64_t source = 0; source < adjacency.rows(); ++source) {
    for (int64_t at = adjacency.indptr[source]; at < adjacency.indptr[source + 1]; ++at) {
      edges.emplace_back(source, adjacency.indices[at]);
    }
  }
  return build_graph(graph.nodes(), edges, adjacency.values, {.symmetrise = true, .remove_self_loops = false});
}

int convert(const ConvertWords& words) {
  if (!words.out.ends_with(".npz")) fail_input("{} must end in .npz, the one format that is written", words.out);
  Dataset dataset = load_dataset(words.in);
  if (words.symmetrise && dataset.graph.directed) dataset.graph = symmetrised(dataset.graph);
  save_dataset(dataset, words.out);
  fmt::print("{}: {} nodes, {} edges{}\n", words.out, format_count(dataset.nodes()),
             format_count(dataset.graph.edges()), dataset.graph.directed ? ", directed" : "");
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
