#pragma once

#include "plan/rates.h"

namespace tersegraph {

/// Measures this machine with the kernels that train, in one and a half minutes; nothing else should run meanwhile.
Rates calibrate();

// Parts of it.

/// Rows to messages and back: the tables encode, decode, and both _far; knows those of spmm.
void measure_codec(Rates& rates);

/// Of a hidden layer's share of an iteration of ADMM: the tables admm.*.
void measure_layers(Rates& rates);

/// Seconds of processor time a byte takes at either end of a TCP connection of this machine with itself,
/// and the seconds of a short message's way.
struct SocketRates {
  double byte = 0, message = 0;
};
SocketRates measure_sockets();

}  // namespace tersegraph
