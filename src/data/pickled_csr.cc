#include "data/pickled_csr.h"

#include "base/error.h"
#include "data/assemble.h"

namespace tersegraph {

Csr csr_of(const Pickle& pickle, const PickleValue& value) {
  if (value.kind != PickleValue::Kind::csr_matrix) pickle.malformed("it is no scipy CSR matrix");
  const auto part = [&](std::string_view key) -> const PickleValue& {
    const PickleValue* found = pickle.find(value, key);
    if (found == nullptr) pickle.malformed(fmt::format("its CSR matrix has no '{}'", key));
    return *found;
  };
  const std::vector<int64_t> shape = pickle.integers(part("_shape"));
  if (shape.size() != 2) pickle.malformed("its CSR matrix does not have two dimensions");
  const ArrayView values = pickle.array(part("data"), "data");
  return make_csr(shape[0], shape[1], pickle.array(part("indptr"), "indptr"), pickle.array(part("indices"), "indices"),
                  &values);
}

}  // namespace tersegraph
