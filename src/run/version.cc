#include "tersegraph/tersegraph.h"

namespace tersegraph {

const char* version() {
  return TERSEGRAPH_VERSION;
}

}  // namespace tersegraph
