#pragma once

#include "base/csr.h"
#include "graph/partition.h"

namespace tersegraph {

/// Lowers the largest volume of a part by moving boundary nodes one by one. The volume is the rows that a part sends
/// and receives in one exchange over the edges u -> v of `adjacency` (row u lists v): the row of u once to each other
/// part with such a v. It is what the exchange waits for; METIS minimises sums over parts. No part grows beyond 1.05
/// times the mean, in nodes or in edges into it, nor (where one was larger) beyond the largest; none is left empty, and
/// no largest volume rises. Serial, so it gives the same parts anywhere. Memory: 4 bytes a node and part, and a copy of
/// the edges in both directions.
void refine_volume(const Csr& adjacency, Partition& partition);

}  // namespace tersegraph
