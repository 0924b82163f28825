#pragma once

namespace tersegraph {

/// Cores that this rank may compute on when `ranks_here` ranks share this host: at least 1. A launcher that binds its
/// processes to cores is obeyed.
int cores_per_rank(int ranks_here);

/// Cores that the launcher keeps from this rank by binding it: what cores_per_rank would be more without.
int cores_lost_to_binding(int ranks_here);

/// Starts so many threads at once, and ends them. RunError where that fails: the OpenMP library would end the program
/// with words of its own.
void try_threads(int count);

}  // namespace tersegraph
