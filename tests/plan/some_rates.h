#pragma once

#include "plan/rates.h"

namespace tersegraph::testing {

/// Of no machine: 1 ns for everything, two cores that are worth two.
inline Rates some_rates() {
  Rates rates{.machine = "none", .cores = 2, .tables = {}, .numbers = {}};
  for (const char* name : {"spmm", "gemm", "gemm_ta", "gemm_tb", "encode", "decode", "encode_far", "decode_far",
                           "admm.p", "admm.w_z", "admm.q_u", "admm.round", "admm.terms", "copy"}) {
    rates.tables[name] = {.x = {1, 1024}, .y = {1, 1024}, .seconds = {1e-9, 1e-9, 1e-9, 1e-9}};
  }
  for (const char* name : {"spmm_row", "activation", "activation_backward", "norm", "norm_backward", "loss",
                           "optimizer", "checksum", "socket", "message", "region", "admm.last", "sum_row"}) {
    rates.numbers[name] = 1e-9;
  }
  for (const char* kind : {"gather", "gemm", "stream"}) rates.numbers[std::string("speedup.") + kind] = 2;
  return rates;
}

}  // namespace tersegraph::testing
