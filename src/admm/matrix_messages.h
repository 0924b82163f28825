#pragma once

#include "base/matrix.h"
#include "comm/channel.h"

namespace tersegraph {

// Matrices between ranks, whose sizes only the sender knows.

void send_matrix(ConstMatrixView x, int peer, Traffic kind, Channel& channel);

/// Errors: RunError naming the peer whose message is no matrix.
Matrix receive_matrix(int peer, Traffic kind, Channel& channel);

/// The root's matrix on every rank; the others pass any. Collective.
void broadcast(Matrix& matrix, int root, Traffic kind, Channel& channel);

}  // namespace tersegraph
