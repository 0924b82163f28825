#include "run/partitioning.h"

#include <gtest/gtest.h>

#include "data/npz_files.h"
#include "reference/random_graphs.h"

namespace tersegraph {
namespace {

// Who owns what must not depend on whether the edges are in memory: a run from shards is the run on the dataset.
TEST(Partitioning, OfRowsIsThatOfTheGraph) {
  const testing::TemporaryFolder folder;
  for (const bool directed : {false, true}) {
    Dataset dataset;
    dataset.graph = reference::random_graph(400, 2000, directed, true, 3, 1);
    save_dataset(dataset, folder.file("a.npz"));
    const auto rows = open_dataset(folder.file("a.npz"));
    for (const char* method : {"stream", "metis", "metis-volume", "metis-refined", "random", "block"}) {
      const Partition expected = partition_by(method, dataset.graph, 4), found = partition_by(method, *rows, 4);
      EXPECT_EQ(found.parts, expected.parts);
      EXPECT_EQ(found.part_of, expected.part_of) << method << ' ' << directed;
    }
  }
}

TEST(Partitioning, AutoTakesMetisWhereItFits) {
  DatasetShape shape;
  shape.nodes = 1000000;
  shape.edges = 30000000;
  const int64_t needed = metis_bytes(shape.nodes, shape.edges);
  EXPECT_EQ(choose_partitioner("auto", shape, needed), "metis");
  EXPECT_EQ(choose_partitioner("auto", shape, needed - 1), "stream");
  EXPECT_EQ(choose_partitioner("random", shape, 0), "random");
}

}  // namespace
}  // namespace tersegraph
