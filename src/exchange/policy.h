#pragma once

namespace tersegraph {

/// How halo rows are encoded when ranks exchange them during training. Evaluation and layer 0 are always exact.
enum class ExchangePolicy { exact, uniform };

struct ExchangeConfig {
  ExchangePolicy policy = ExchangePolicy::exact;
  int bits = 32;  ///< of `uniform`: 1..8 integer rows, 16 bf16, 32 fp32

  /// Bits a value of what is sent in training.
  int halo_bits() const { return policy == ExchangePolicy::exact ? 32 : bits; }
};

}  // namespace tersegraph
