#pragma once

#include "base/csr.h"
#include "data/pickle.h"

namespace tersegraph {

/// A scipy CSR matrix of a pickle, checked. Errors: InputError for anything else.
Csr csr_of(const Pickle& pickle, const PickleValue& value);

}  // namespace tersegraph
