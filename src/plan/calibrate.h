#pragma once

#include "plan/rates.h"

namespace tersegraph {

/// Measures this machine with the kernels that train, in some ten seconds; nothing else should run meanwhile. Every
/// rate is the best of several tries: what disturbs only adds.
Rates calibrate();

/// Seconds of processor time of this thread so far.
double processor_seconds();

// Parts of it.

/// Of a hidden layer's share of an iteration of ADMM, by neurons and columns: a unit of layer_cost().
RateTable measure_layers();

/// Seconds of processor time a byte takes at either end of a TCP connection of this machine with itself,
/// and the seconds of a short message's way.
struct SocketRates {
  double byte = 0, message = 0;
};
SocketRates measure_sockets();

}  // namespace tersegraph
