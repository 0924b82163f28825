#include "augment/fetch_halo.h"

#include <algorithm>
#include <numeric>

#include "exchange/sparse_rows.h"

namespace tersegraph {

Csr scatter_in_order(int64_t rows) {
  Csr scatter;
  scatter.cols = rows;
  scatter.indptr.resize(static_cast<size_t>(rows) + 1);
  std::iota(scatter.indptr.begin(), scatter.indptr.end(), int64_t{0});
  scatter.indices.resize(static_cast<size_t>(rows));
  std::iota(scatter.indices.begin(), scatter.indices.end(), 0);
  return scatter;
}

void fetch_halo(HaloExchange& exchange, const ExchangePlan& plan, MatrixView x, Traffic kind) {
  const int64_t owned = x.rows - plan.rows_received();
  exchange.start(plan, {x.data, owned, x.cols}, {kind, 32, {}});
  const MatrixView halo{x.row(owned), plan.rows_received(), x.cols};
  // Rows received are added, and -0 is the number to which any other, -0 too, adds as itself.
  std::fill_n(halo.data, halo.size(), -0.0f);
  PhaseSeconds seconds;
  exchange.finish(halo, seconds);
}

void fetch_halo(Channel& channel, const ExchangePlan& plan, Csr& x) {
  const Csr halo = exchange_sparse_rows(plan, x, Traffic::placement, channel);
  const int64_t owned_entries = x.nnz();
  x.indices.insert(x.indices.end(), halo.indices.begin(), halo.indices.end());
  x.values.insert(x.values.end(), halo.values.begin(), halo.values.end());
  for (int64_t i = 1; i <= halo.rows(); ++i) x.indptr.push_back(owned_entries + halo.indptr[i]);
}

}  // namespace tersegraph
