#pragma once

#include <cstdint>
#include <string_view>

namespace tersegraph {

/// How the learning rate changes over epochs, in words:
///   constant
///   cosine[:warmup=N][,min=X]   from 1 down to X (0) along half a cosine, after N (0) epochs of linear warm-up
///   linear[:warmup=N]           from 1 down to 0 along a line, likewise
///   step:every=N,factor=X       times X after every N epochs
class Schedule {
 public:
  /// An InputError says what is wrong with `words`.
  static Schedule parse(std::string_view words);

  /// What the base learning rate is multiplied with in `epoch` of 0..epochs-1. Cosine and linear would reach their end
  /// in epoch `epochs`, so that no epoch is spent on a learning rate of zero.
  double factor(int64_t epoch, int64_t epochs) const;

 private:
  enum class Kind { constant, cosine, linear, step };
  Kind kind_ = Kind::constant;
  int64_t warmup_ = 0;
  double min_ = 0.0;
  int64_t every_ = 0;
  double factor_ = 0.0;
};

}  // namespace tersegraph
