#pragma once

namespace tersegraph {

/// While it lives, the calling thread is a rank's: it computes with so many threads, and these take numbers below the
/// smallest normal one (1.2e-38 in fp32) for zeros. Processors compute with such numbers in microcode, up to a hundred
/// times slower, and training makes them: weights that decay where no gradient comes, squares of small gradients.
/// Afterwards the calling thread's are as before.
class RankThreads {
 public:
  explicit RankThreads(int threads);
  ~RankThreads();
  RankThreads(const RankThreads&) = delete;
  RankThreads& operator=(const RankThreads&) = delete;

 private:
  int threads_before_;
  unsigned long control_before_;  // of floating-point arithmetic
};

}  // namespace tersegraph
