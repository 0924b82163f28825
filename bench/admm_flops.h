#pragma once

#include <nlohmann/json.hpp>

#include "admm_measure.h"

namespace tersegraph {

/// The least work that matrix products and solves of one closed-form fp32 iteration take, in units of 1e9 operations,
/// by what it is for; "total" is the sum. For no fewer columns than neurons and inputs. m columns, layers (in, out):
/// - a Gram matrix of order n from m rows: m n^2 (it is symmetric); its Cholesky factor: n^3 / 3
/// - a solve with a factor of order n for k right sides: 2 k n^2; any other product: 2 per term
/// - W, which p needs again, and p W, which is also what z needs, are made once an iteration
/// - the first layer has no p to solve for, and its p (p^T p + ridge I)^-1 never changes: W and p W are a product each
/// - the last layer's p needs a system of the order of the classes only
nlohmann::json least_gflop(const AdmmWork& work, int64_t classes);

}  // namespace tersegraph
