#pragma once

#include <nanobind/nanobind.h>

/// Hints of numpy's arrays for the signatures in _core.pyi.
#define TERSEGRAPH_ARRAY(type) "numpy.typing.NDArray[" type "]"
#define TERSEGRAPH_ANY TERSEGRAPH_ARRAY("typing.Any")
#define TERSEGRAPH_FLOATS TERSEGRAPH_ARRAY("numpy.float32")
#define TERSEGRAPH_IDS TERSEGRAPH_ARRAY("numpy.int64")
#define TERSEGRAPH_CSR "tuple[" TERSEGRAPH_IDS ", " TERSEGRAPH_ARRAY("numpy.int32") ", " TERSEGRAPH_FLOATS " | None]"

/// The hint of a property.
#define TERSEGRAPH_PROPERTY(name, type) nanobind::for_getter(nanobind::sig("def " name "(self, /) -> " type))
