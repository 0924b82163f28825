#pragma once

#include "base/csr.h"

namespace tersegraph {

/// The undirected pattern of a square matrix: symmetric, rows strictly ascending, no diagonal, no values. What
/// partitioners and orderings look at. Refers to the matrix where that is one already (it must then outlive this),
/// otherwise holds a copy.
class UndirectedPattern {
 public:
  explicit UndirectedPattern(CsrView a);
  CsrView view() const { return view_; }

 private:
  Csr copy_;
  CsrView view_;
};

}  // namespace tersegraph
