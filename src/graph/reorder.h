#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/csr.h"

namespace tersegraph {

enum class Ordering {
  none,
  rcm,       ///< reverse Cuthill-McKee: for meshes and road networks
  clusters,  ///< clusters of at most 4096 rows, found by label propagation, one after the other
  automatic  ///< whichever pays; see locality_order
};
Ordering parse_ordering(std::string_view name);  ///< "none", "rcm", "clusters", "auto"; else InputError

/// order[k] = the row that comes k-th, chosen so that neighbours lie near each other and SpMM finds rows in cache. `a`
/// is square; `seed` breaks ties between clusters.
///
/// automatic takes the order with the least miss_share where that is a tenth or more below the given order's, and
/// leaves matrices of up to 8192 rows alone, since their features fit in cache anyway. It takes about as long as one
/// SpMM of 256 columns on one thread. On 200,000 rows and 4 million entries SpMM then took 0.3 to 0.75 of its time
/// where there was locality to find; METIS parts gave the same SpMM but took several times as long to find.
std::vector<int32_t> locality_order(CsrView a, Ordering ordering, uint64_t seed);

/// What a cache of some thousand rows would miss: the share of the entries, read row by row, whose column is not among
/// the 8192 entries before.
double miss_share(CsrView a);

}  // namespace tersegraph
