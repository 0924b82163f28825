#pragma once

#include <cstdint>
#include <vector>

#include "base/csr.h"

namespace tersegraph {

/// How the rows of other ranks reach the owned ones. Each edge from a node of rank q to a node of rank r is served in
/// one of two ways: the source's row travels, and r adds it; or a partial sum over such sources travels, one a
/// destination, which q has made.
enum class RowChoice {
  sources,  ///< every source's row travels
  cover     ///< as few rows as can be: a minimum vertex cover of the edges from q to r (SuperGCN, ICS 2025)
};

/// For each column of `remote`, whether its row travels as it is; an entry whose column does not is part of its row's
/// partial sum. Columns halo_offsets[q] .. halo_offsets[q+1]-1 are rank q's. Columns without entries do not travel.
/// Under `cover` every partial sum has at least two terms.
std::vector<uint8_t> travelling_rows(CsrView remote, const std::vector<int64_t>& halo_offsets, RowChoice choice);

}  // namespace tersegraph
