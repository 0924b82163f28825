#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "kernels/spmm.h"

namespace tersegraph {

enum class RowNorm { none, euclidean };

/// H: the owned nodes' rows of the features, normalised; sparse below a tenth filled, since a stored entry costs about
/// ten times a dense one to multiply.
class NodeFeatures {
 public:
  /// `features` are those of all nodes.
  NodeFeatures(const Features& features, const std::vector<int64_t>& owned, RowNorm norm);

  const Features& rows() const { return rows_; }

  /// y = H w (or y += H w). A row of y is the same, bit for bit, whatever rows stand beside it.
  void multiply(ConstMatrixView w, MatrixView y, Write write);

 private:
  void multiply_tail(ConstMatrixView w, MatrixView y, Write write);

  Features rows_;
  int64_t whole_ = 0;  ///< rows in whole blocks; those after them are in tail_
  Matrix tail_, tail_out_;
};

}  // namespace tersegraph
