#pragma once

#include <string>
#include <vector>

#include "admm/config.h"
#include "base/timer.h"
#include "words.h"

namespace tersegraph {

/// One network on random columns of 7 classes, and who computes it.
struct AdmmWork {
  int layers = 10, ranks = 1, threads = 2;
  int64_t neurons = 100, columns = 140, inputs = 140;
  AdmmConfig config;  ///< layers and neurons are taken from here above

  /// layers, neurons, columns, inputs, ranks, threads, solver (closed|gradient), bits (0: fp32).
  explicit AdmmWork(const Words& words);
};

struct AdmmMeasurement {
  std::vector<double> milliseconds;  ///< of each iteration
  std::vector<PhaseSeconds> phases;  ///< of each rank, all iterations; under MPI of this rank alone
  double terms_milliseconds = 0.0;   ///< of the Lagrangian, which no iteration needs
  double objective = 0.0;            ///< after kCheckedIterations
};

constexpr int kCheckedIterations = 5;

/// Grows the network to its depth at once and times `repeats` iterations after the first kCheckedIterations. On ranks
/// that are threads or, under mpirun, on MPI's. `start_file`, if any, gets what the iterations start from, for one
/// rank.
AdmmMeasurement measure(const AdmmWork& work, int repeats, const std::string& start_file = {});

}  // namespace tersegraph
