#include "base/error.h"
#include "bindings.h"
#include "run/options.h"
#include "tersegraph/tersegraph.h"

namespace nb = nanobind;

namespace tersegraph::python {
namespace {

nb::object default_of(const Option& option) {
  const RunConfig defaults;
  return std::visit(
      [&]<class T>(T RunConfig::*field) -> nb::object {
        if constexpr (std::is_same_v<T, std::string>) return nb::str((defaults.*field).c_str());
        if constexpr (std::is_same_v<T, int64_t>) return nb::int_(defaults.*field);
        if constexpr (std::is_same_v<T, double>) return nb::float_(defaults.*field);
        if constexpr (std::is_same_v<T, bool>) return nb::bool_(defaults.*field);
      },
      option.field);
}

nb::str text(std::string_view words) {
  return nb::str(words.data(), words.size());
}

/// The table of the command line's options, a dict each.
nb::list option_table() {
  nb::list table;
  for (const Option& option : options()) {
    nb::dict row;
    nb::list choices;
    if (!option.or_file) {
      for (const std::string_view choice : option.choices) choices.append(text(choice));
    }
    row["name"] = text(option.name);
    row["group"] = text(option.group);
    row["help"] = text(option.help);
    row["default"] = default_of(option);
    row["automatic"] = text(option.automatic);
    row["choices"] = choices;
    table.append(row);
  }
  return table;
}

}  // namespace
}  // namespace tersegraph::python

NB_MODULE(_core, module) {
  using namespace tersegraph;
  nb::set_leak_warnings(false);  // what scripts hold until the interpreter ends is theirs
  module.attr("__version__") = version();
  nb::exception<InputError>(module, "InputError", PyExc_ValueError).attr("__doc__") =
      "A mistake in what was given: data, options or a model. One line says what to change.";
  nb::exception<RunError>(module, "RunError", PyExc_RuntimeError).attr("__doc__") =
      "A run that failed: it diverged, lost a rank, or could not write. One line says which.";
  module.def("options", &python::option_table, nb::sig("def options() -> list[dict[str, typing.Any]]"));
  python::bind_datasets(module);
  python::bind_make_dataset(module);
  python::bind_models(module);
  python::bind_ranks(module);
  python::bind_runs(module);
}
