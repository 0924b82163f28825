#include "graph/metis.h"

#include <metis.h>

#include <limits>
#include <mutex>
#include <type_traits>

#include "base/error.h"

namespace tersegraph {
namespace {

// METIS draws from the C library's rand(): calls at the same time would make the result depend on timing.
std::mutex metis_mutex;

void check_width(CsrView pattern) {
  const int64_t most = std::numeric_limits<idx_t>::max();
  if (pattern.rows > most || pattern.nnz() > most) {
    fail_input("partition: {} directed edges, but this METIS counts with {} bits; choose the partition stream",
               pattern.nnz(), sizeof(idx_t) * 8);
  }
}

/// METIS reads adjncy only, though its signature does not say so: where its integers are as wide as ours no copy is
/// made.
template <class Index>
Index* adjncy_of(CsrView pattern, std::vector<Index>& copy) {
  if constexpr (std::is_same_v<Index, int32_t>) {
    return const_cast<Index*>(pattern.indices);
  } else {
    copy.assign(pattern.indices, pattern.indices + pattern.nnz());
    return copy.data();
  }
}

void check_status(int status) {
  if (status == METIS_OK) return;
  if (status == METIS_ERROR_MEMORY) {
    fail_run("METIS ran out of memory; choose --partition stream, which needs little");
  }
  fail_run("partition: METIS failed with status {}; choose the partition stream", status);
}

}  // namespace

std::vector<int32_t> metis_kway(CsrView pattern, int parts, MetisObjective objective, uint64_t seed,
                                const MetisWeights& weights) {
  if (parts <= 1 || pattern.rows == 0) return std::vector<int32_t>(pattern.rows, 0);
  check_width(pattern);
  std::vector<idx_t> part_of(pattern.rows), adjncy_copy;
  std::vector<idx_t> xadj(pattern.indptr, pattern.indptr + pattern.rows + 1);
  std::vector<idx_t> node_weights(weights.nodes.begin(), weights.nodes.end());
  std::vector<idx_t> entry_weights(weights.entries.begin(), weights.entries.end());
  idx_t* const adjncy = adjncy_of(pattern, adjncy_copy);

  idx_t options[METIS_NOPTIONS];
  METIS_SetDefaultOptions(options);
  options[METIS_OPTION_NUMBERING] = 0;
  options[METIS_OPTION_CONTIG] = 0;  // graphs with several components have no contiguous parts
  options[METIS_OPTION_SEED] = static_cast<idx_t>(seed % std::numeric_limits<idx_t>::max());
  options[METIS_OPTION_OBJTYPE] = objective == MetisObjective::cut ? METIS_OBJTYPE_CUT : METIS_OBJTYPE_VOL;
  idx_t nodes = static_cast<idx_t>(pattern.rows), constraints = 1, part_count = parts, achieved = 0;
  const std::lock_guard lock(metis_mutex);
  const auto or_none = [](std::vector<idx_t>& values) { return values.empty() ? nullptr : values.data(); };
  check_status(METIS_PartGraphKway(&nodes, &constraints, xadj.data(), adjncy, or_none(node_weights), nullptr,
                                   or_none(entry_weights), &part_count, nullptr, nullptr, options, &achieved,
                                   part_of.data()));
  return {part_of.begin(), part_of.end()};
}

}  // namespace tersegraph
