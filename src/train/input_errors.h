#pragma once

#include <utility>

#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {

/// What `make` returns, where each rank may find an error of its own: all of them throw it then. Collective.
template <class Make>
auto agreed(Channel& channel, const Make& make) {
  decltype(make()) made;
  agree(channel, [&] { made = make(); });
  return made;
}

/// Runs `make`, whose InputErrors every rank finds alike, so that one of them can report it and all can end.
/// Collective.
template <class Make>
auto agree_on_input(Channel& channel, const Make& make) {
  try {
    return make();
  } catch (const InputError& error) {
    agree(channel, [&] { throw error; });
    throw;
  }
}

}  // namespace tersegraph
