#pragma once

#include <string_view>
#include <vector>

#include "plan/epoch_work.h"

namespace tersegraph {

/// A dataset of which only numbers are known: "shape:nodes=2449029,edges=123718280,features=100,classes=47"; edges are
/// directed ones (an undirected one counts twice), which need not be loops. Also halo=0.4: halo rows over all ranks, a
/// node, which otherwise follow from halo_rows_a_node(); and train=90941, the training nodes.
struct ShapeSpec {
  DatasetShape shape;
  double halo = 0;    ///< 0: not given
  int64_t train = 0;  ///< training nodes, of which ADMM needs to know; 0: not given
};
bool is_shape(std::string_view words);
/// Errors: InputError for what is no such words, or leaves nodes, edges, features or classes out.
ShapeSpec parse_shape(std::string_view words);

/// Halo rows over all ranks, divided by the nodes, where METIS or the stream partitioner cuts a graph of such a mean
/// degree: 0.053 degree^0.57 (R - 1)^0.64, at most min(degree, R - 1). Fitted to amazon_computers and coauthor_cs at 2
/// to 32 parts (docs/results/partitions.md), where it is within 21 %. A web graph (cnr2000) has 20 to 90 times fewer, a
/// random one with weak communities (synth200k) three to four times as many.
double halo_rows_a_node(double degree, int ranks);

/// Ranks that are all alike, with every row needed: each sends as many rows to every other. An entry of A that crosses
/// ranks shares its row with others, degree / 6.5 in all, as in the graphs above; gathers come back to a row after 64
/// to as many gathers as a rank has rows, evenly by octaves.
std::vector<RankWork> shape_work(const ShapeSpec& spec, const FullGraphConfig& config, int ranks);

}  // namespace tersegraph
