#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <string>

#include "data/dataset.h"

namespace tersegraph::python {

/// What Python's _core.Dataset holds.
struct SharedDataset {
  std::shared_ptr<const Dataset> data;
  std::string source;  ///< how messages and config.toml call it: where it was read from, or a name
};

void bind_datasets(nanobind::module_& module);
void bind_make_dataset(nanobind::module_& module);
void bind_models(nanobind::module_& module);
void bind_ranks(nanobind::module_& module);
void bind_runs(nanobind::module_& module);

}  // namespace tersegraph::python
