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

void add_convert(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("convert", "read any known format and write an .npz file");
  static ConvertWords words;
  command->add_option("IN", words.in, "a file in a known format")->required();
  command->add_option("OUT", words.out, "file to write, ending in .npz")->required();
  command->add_flag("--symmetrise", words.symmetrise, "add the reverse of every edge of a directed graph");
  command->footer("Example: tersegraph convert ind.cora.graph cora.npz");
  command->callback([&chosen] { chosen = [] { return convert(words); }; });
}

}  // namespace tersegraph
