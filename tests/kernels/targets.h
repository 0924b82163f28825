#pragma once

#include <gtest/gtest.h>

#include "kernels/simd_targets.h"

namespace tersegraph {

/// Runs `body` once for every instruction set that this processor has and that kernels are compiled for.
template <class Body>
void for_each_target(Body&& body) {
  int64_t left = hwy::SupportedTargets() & HWY_TARGETS;
  while (left != 0) {
    const int64_t target = left & -left;
    left &= left - 1;
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    body();
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace tersegraph
