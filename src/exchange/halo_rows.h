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

  int64_t owned() const { return std::ssize(nodes_.owned); }
  int64_t halo() const { return std::ssize(nodes_.halo); }

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
  /// Rows bundled by `each`, as plans between bundles.
  struct Bundles {
    int64_t each = 1;
    ExchangePlan forward, backward;
  };

  void learn_rows(Channel& channel);
  const Bundles& bundles(int64_t cols, bool coded);
  void run(const ExchangePlan& plan, const AggregationPass& pass, bool backward);

  Channel& channel_;
  HaloNodes nodes_;
  bool coded_;                          ///< whether training rows travel in 1 to 8 bits
  std::vector<int32_t> send_rows_;      ///< local rows, by receiver
  std::vector<int64_t> send_offsets_;   ///< (ranks + 1)
  std::map<int64_t, Bundles> bundles_;  ///< by rows in each
  WidthPolicy widths_;
  HaloExchange exchange_;
  Matrix outgoing_, incoming_;
};

}  // namespace tersegraph
