#include <nanobind/stl/string.h>

#include "apart.h"
#include "arrays.h"
#include "bindings.h"
#include "hints.h"
#include "run/results.h"

namespace nb = nanobind;

namespace tersegraph::python {
namespace {

SharedDataset load(const std::string& path) {
  SharedDataset loaded{nullptr, path};
  Apart().run([&] { loaded.data = std::make_shared<Dataset>(load_dataset(path)); });
  return loaded;
}

const Dataset& data_of(nb::handle self) {
  return *nb::cast<const SharedDataset&>(self).data;
}

nb::object csr_arrays(const Csr& a, nb::handle owner) {
  return nb::make_tuple(array_of(a.indptr, owner), array_of(a.indices, owner),
                        a.weighted() ? array_of(a.values, owner) : nb::none());
}

nb::object features_of(nb::handle self) {
  const Features& features = data_of(self).features;
  if (features.empty()) return nb::none();
  return features.is_sparse ? csr_arrays(features.sparse, self) : array_of(features.dense, self);
}

nb::object labels_of(nb::handle self) {
  const Labels& labels = data_of(self).labels;
  if (labels.outputs == 0) return nb::none();
  return labels.task == Task::multiclass ? array_of(labels.classes, self) : array_of(labels.targets, self);
}

nb::object splits_of(nb::handle self) {
  nb::list splits;
  for (const Split& split : data_of(self).splits) {
    splits.append(nb::make_tuple(array_of(split.train, self), array_of(split.val, self), array_of(split.test, self)));
  }
  return splits;
}

}  // namespace

void bind_datasets(nb::module_& module) {
  module.def("load_dataset", &load);
  nb::class_<SharedDataset>(module, "Dataset")
      .def_prop_ro("name", [](const SharedDataset& self) { return self.data->name; })
      .def_ro("source", &SharedDataset::source)
      .def_prop_ro("nodes", [](const SharedDataset& self) { return self.data->nodes(); })
      .def_prop_ro("edges", [](const SharedDataset& self) { return self.data->graph.edges(); })
      .def_prop_ro("directed", [](const SharedDataset& self) { return self.data->graph.directed; })
      .def_prop_ro("feature_columns", [](const SharedDataset& self) { return self.data->features.cols(); })
      .def_prop_ro("sparse_features", [](const SharedDataset& self) { return self.data->features.is_sparse; })
      .def_prop_ro("outputs", [](const SharedDataset& self) { return self.data->labels.outputs; })
      .def_prop_ro("task", [](const SharedDataset& self) { return std::string(task_name(self.data->labels.task)); })
      .def_prop_ro(
          "adjacency", [](nb::handle self) { return csr_arrays(data_of(self).graph.adjacency, self); },
          TERSEGRAPH_PROPERTY("adjacency", TERSEGRAPH_CSR))
      .def_prop_ro("features", &features_of,
                   TERSEGRAPH_PROPERTY("features", TERSEGRAPH_FLOATS " | " TERSEGRAPH_CSR " | None"))
      .def_prop_ro("labels", &labels_of,
                   TERSEGRAPH_PROPERTY("labels", TERSEGRAPH_ARRAY("numpy.int32") " | " TERSEGRAPH_FLOATS " | None"))
      .def_prop_ro(
          "splits", &splits_of,
          TERSEGRAPH_PROPERTY("splits", "list[tuple[" TERSEGRAPH_IDS ", " TERSEGRAPH_IDS ", " TERSEGRAPH_IDS "]]"))
      .def("save", [](const SharedDataset& self, const std::string& path) { save_dataset(*self.data, path); });
}

}  // namespace tersegraph::python
