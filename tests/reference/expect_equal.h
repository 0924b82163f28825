#pragma once

#include <gtest/gtest.h>

#include "base/csr.h"

namespace tersegraph {

inline void expect_equal(const Csr& a, const Csr& b) {
  EXPECT_EQ(a.cols, b.cols);
  EXPECT_EQ(a.indptr, b.indptr);
  EXPECT_EQ(a.indices, b.indices);
  EXPECT_EQ(a.values, b.values);
}

}  // namespace tersegraph
