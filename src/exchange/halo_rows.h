#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "exchange/aggregation.h"

namespace tersegraph {

/// Which rows a rank owns, and which of others it needs.
struct HaloNodes {
  std::vector<int64_t> owned;         ///< global ids, ascending: the rank's rows
  std::vector<int64_t> halo;          ///< global ids, by owner
  std::vector<int64_t> halo_offsets;  ///< (ranks + 1): rank q owns halo[halo_offsets[q]] .. halo[halo_offsets[q+1]-1]
};

/// The halo exchange for those who make their own use of the rows: other frameworks' layers.
///
/// Rows that are narrow and travel in 1 to 8 bits are sent in bundles of up to kBundle columns, since each row on its
/// own takes 4 bytes for its minimum and scale. Nodes of a bundle share these.
class HaloRows {
 public:
  static constexpr int64_t kBundle = 128;

  /// Collective. Policies: exact, uniform, random, adaptive. Errors: InputError.
  HaloRows(Channel& channel, HaloNodes nodes, const ExchangeConfig& config);

  int64_t owned() const { return rows_.forward.gather.cols; }
  int64_t halo() const { return rows_.forward.rows_received(); }

  /// halo (halo(), d) = the owners' rows of x (owned(), d). Collective, as are the others; a pass is the same on all
  /// ranks, and its layer counts the exchanges of a step.
  void forward(ConstMatrixView x, MatrixView halo, const AggregationPass& pass);
  /// The gradient of forward: gradient (owned(), d) += what all ranks have for its rows, in rank order. of_halo
  /// (halo(), d).
  void backward(ConstMatrixView of_halo, MatrixView gradient, const AggregationPass& pass);
  /// After the exchanges of a training step, from 1 on: adaptive widths are decided when they are due.
  void end_epoch(int64_t epoch) { widths_.end_epoch(epoch); }

  const WidthPolicy& widths() const { return widths_; }
  WidthPolicy& widths() { return widths_; }

 private:
  struct Plans {
    Plans() = default;
    explicit Plans(ExchangePlan plan, int64_t each = 1)
        : forward(std::move(plan)), backward(plan_backward(forward)), each(each) {}
    ExchangePlan forward, backward;
    int64_t each = 1;  ///< rows a bundle
  };

  const Plans* bundles(int64_t cols, bool training);
  void start(const ExchangePlan& plan, ConstMatrixView x, const AggregationPass& pass, bool backward);
  void exchange_rows(const ExchangePlan& plan, ConstMatrixView x, MatrixView y, const AggregationPass& pass,
                     bool backward);
  void exchange_bundles(const ExchangePlan& plan, const AggregationPass& pass, bool backward);

  Channel& channel_;
  bool coded_;                        ///< whether training rows travel in 1 to 8 bits
  Plans rows_;                        ///< of rows on their own
  std::map<int64_t, Plans> bundles_;  ///< by columns of a row
  WidthPolicy widths_;
  HaloExchange exchange_;
  Matrix outgoing_, incoming_;
};

}  // namespace tersegraph
