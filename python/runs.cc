#include <nanobind/stl/map.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "apart.h"
#include "arrays.h"
#include "base/error.h"
#include "comm/collectives.h"
#include "hints.h"
#include "models.h"
#include "rank.h"
#include "run/options.h"
#include "run/training.h"

namespace nb = nanobind;

namespace tersegraph::python {
namespace {

/// A run and what it was of.
struct Run {
  HeldRun held;
  SharedDataset dataset;
  std::string directory;
};

void check_convergence(const std::vector<HeldRun>& runs) {
  for (const HeldRun& run : runs) {
    if (run.record.result.ending != Ending::diverged) continue;
    fail_run("{}", divergence_words(run.config, std::ssize(run.epochs), run.config.out));
  }
}

/// On a process of a job: what ends the run on one rank, such as an exception of a callback, ends it on all.
std::vector<HeldRun> train_as(Rank& rank, const RunConfig& config, const SharedDataset& dataset, const RunHooks& hooks,
                              const Apart& apart) {
  Channel& channel = rank.channel();
  auto runs = train_in_memory(config, dataset.data, hooks, &channel.communicator());
  agree(channel, [&] {
    if (apart.stopping()) fail_run("an exception of rank {} has ended the run", channel.rank());
    check_convergence(runs);
  });
  return runs;
}

/// Trains; on_epoch (or None) is given each epoch's line of metrics.jsonl and says whether to stop. With `rank`, which
/// is this process', on all of its job: rank 0 gets the runs, and its on_epoch is asked (None on all or on none).
std::vector<Run> train(const SharedDataset& dataset, const OptionWords& words, const nb::object& on_epoch,
                       const std::shared_ptr<Rank>& rank) {
  RunConfig config = config_of(words);
  config.data = dataset.source;
  Apart apart;
  std::atomic<bool> stop = false;
  RunHooks hooks;
  hooks.stop_requested = [&] { return stop || apart.stopping(); };
  if (!on_epoch.is_none()) {
    hooks.on_epoch = [&](const EpochMetrics& metrics) {
      const std::string line = to_json(metrics).dump();
      apart.ask([&] { stop = nb::cast<bool>(on_epoch(line)); });
    };
  }
  std::vector<HeldRun> held;
  apart.run([&] {
    held = rank ? train_as(*rank, config, dataset, hooks, apart) : train_in_memory(config, dataset.data, hooks);
  });
  if (!rank) check_convergence(held);
  std::vector<Run> runs;
  for (HeldRun& run : held) runs.push_back({std::move(run), dataset, config.out});
  return runs;
}

std::vector<std::string> metrics_of(const Run& run) {
  std::vector<std::string> lines;
  for (const EpochMetrics& metrics : run.held.epochs) lines.push_back(to_json(metrics).dump());
  return lines;
}

}  // namespace

void bind_runs(nb::module_& module) {
  module.def("train", &train, nb::arg("dataset"), nb::arg("words"), nb::arg("on_epoch").none(), nb::arg("rank").none(),
             nb::sig("def train(dataset: Dataset, words: collections.abc.Sequence[tuple[str, str]], on_epoch: "
                     "collections.abc.Callable[[str], bool] | None, rank: Rank | None) -> list[Run]"));
  nb::class_<Run>(module, "Run")
      .def_ro("dataset", &Run::dataset)
      .def_ro("directory", &Run::directory)
      .def_prop_ro("metrics", &metrics_of)
      .def_prop_ro("summary", [](const Run& run) { return summarise(run.held.config, run.held.record).dump(); })
      .def_prop_ro("model",
                   [](const Run& run) {
                     return Model{run.held.config, run.held.model, "the model"};
                   })
      .def_prop_ro(
          "outputs",
          [](nb::handle self) { return array_of(nb::cast<const Run&>(self).held.record.result.outputs, self); },
          TERSEGRAPH_PROPERTY("outputs", TERSEGRAPH_FLOATS))
      .def("save", [](const Run& run, const std::string& path) { save_run(run.held, *run.dataset.data, path); });
}

}  // namespace tersegraph::python
