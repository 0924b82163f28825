// How fast ADMM is, on random columns. Every subcommand prints JSON.
//   admm_bench speed [key=value ...]    one network: milliseconds an iteration; under mpirun on MPI's ranks
//   admm_bench roof [key=value ...]     the least products that an iteration needs, against what oneDNN's sgemm reaches
//   admm_bench ranks [key=value ...]    the speedup of ranks= ranks over one, each with threads=; lists layers=,
//   neurons= admm_bench growth [key=value ...]   time by layers and by columns: lists by-layers=, by-columns=
// Keys: layers, neurons, columns, inputs, ranks, threads, repeats, rounds, solver (closed|gradient), bits (0: fp32),
// start (a file for torch_admm.py). What is compared is measured in turns, `rounds` times, and medians are taken.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "admm_flops.h"
#include "admm_measure.h"
#include "base/error.h"
#include "base/parallel.h"
#include "comm/launch.h"
#include "roofs.h"

namespace tersegraph {
namespace {

using nlohmann::json;

json phases_of(const AdmmMeasurement& measured) {
  json out = json::array();
  for (const PhaseSeconds& rank : measured.phases) {
    json phases = json::object();
    for (const auto& [phase, seconds] : rank) {
      phases[phase] = seconds * 1e3 / static_cast<double>(std::max<size_t>(measured.milliseconds.size(), 1));
    }
    out.push_back(phases);
  }
  return out;
}

json description(const AdmmWork& work) {
  return {{"layers", work.layers}, {"neurons", work.neurons}, {"columns", work.columns},
          {"inputs", work.inputs}, {"ranks", work.ranks},     {"threads", work.threads}};
}

json speed_of(const Words& words) {
  AdmmWork work(words);
  if (launched_ranks() > 0) work.ranks = launched_ranks();
  const AdmmMeasurement measured =
      measure(work, static_cast<int>(words.number("repeats", 20)), words.text("start", ""));
  json out = description(work);
  if (measured.milliseconds.empty()) return out;  // a rank of MPI other than the first
  out["milliseconds"] = measured.milliseconds;
  out["median"] = median(measured.milliseconds);
  out["phases"] = phases_of(measured);
  out["terms"] = measured.terms_milliseconds;
  out["objective"] = measured.objective;
  return out;
}

json roof_of(const Words& words) {
  const AdmmWork work(words);
  json out = description(work);
  out["least_gflop"] = least_gflop(work, 7);
  std::vector<double> roofs, medians;
  double best = std::numeric_limits<double>::infinity(), best_roof = 0.0;
  for (int64_t round = 0; round < words.number("rounds", 3); ++round) {
    const AdmmMeasurement measured = measure(work, static_cast<int>(words.number("repeats", 5)));
    medians.push_back(median(measured.milliseconds));
    best = std::min(best, *std::ranges::min_element(measured.milliseconds));
    set_thread_count(work.threads);
    const Roof reached = gemm_roof(medians.back());
    roofs.push_back(reached.mean);
    best_roof = std::max(best_roof, reached.best);
    out["phases"] = phases_of(measured);
  }
  const double least = out["least_gflop"]["total"], milliseconds = median(medians), roof = median(roofs);
  out["milliseconds"] = milliseconds;
  out["gflops"] = least / milliseconds * 1e3;
  out["roof_gflops"] = roof;
  out["fraction"] = least / milliseconds * 1e3 / roof;
  // The least disturbed of both sides, for machines that others use too. One product is shorter than an iteration, and
  // so more likely to be left alone.
  out["best_milliseconds"] = best;
  out["best_roof_gflops"] = best_roof;
  out["best_fraction"] = least / best * 1e3 / best_roof;
  return out;
}

json ranks_of(const Words& words) {
  json out = json::array();
  for (const int64_t neurons : words.list("neurons", "1000")) {
    for (const int64_t layers : words.list("layers", "16")) {
      AdmmWork work(words);
      work.layers = static_cast<int>(layers);
      work.neurons = neurons;
      work.ranks = static_cast<int>(words.number("ranks", 2));
      work.threads = static_cast<int>(words.number("threads", 1));
      AdmmWork alone = work;
      alone.ranks = 1;
      std::vector<double> one, many;
      json row = description(work);
      for (int64_t round = 0; round < words.number("rounds", 3); ++round) {
        const int repeats = static_cast<int>(words.number("repeats", 10));
        one.push_back(median(measure(alone, repeats).milliseconds));
        const AdmmMeasurement measured = measure(work, repeats);
        many.push_back(median(measured.milliseconds));
        row["phases"] = phases_of(measured);
      }
      row["one_rank_milliseconds"] = median(one);
      row["milliseconds"] = median(many);
      row["speedup"] = median(one) / median(many);
      out.push_back(row);
    }
  }
  return out;
}

/// Times of `list` values that `set` puts into the work, and each time's share per unit of the first one's.
template <class Set>
json growth_along(const Words& words, const char* key, const std::vector<int64_t>& list, Set set) {
  std::vector<std::vector<double>> times(list.size());
  for (int64_t round = 0; round < words.number("rounds", 3); ++round) {
    for (size_t k = 0; k < list.size(); ++k) {
      AdmmWork work(words);
      set(work, list[k]);
      times[k].push_back(median(measure(work, static_cast<int>(words.number("repeats", 5))).milliseconds));
    }
  }
  json rows = json::array();
  for (size_t k = 0; k < list.size(); ++k) {
    const double each = median(times[k]) / static_cast<double>(list[k]);
    rows.push_back({{key, list[k]}, {"milliseconds", median(times[k])}, {"milliseconds_each", each}});
  }
  return rows;
}

json growth_of(const Words& words) {
  return {{"by_layers", growth_along(words, "layers", words.list("by-layers", "4,8,16,32"),
                                     [](AdmmWork& work, int64_t layers) { work.layers = static_cast<int>(layers); })},
          {"by_columns", growth_along(words, "columns", words.list("by-columns", "1000,2000,4000,8000"),
                                      [](AdmmWork& work, int64_t columns) { work.columns = columns; })}};
}

int run(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const Words words(std::max(argc - 2, 0), argv + std::min(argc, 2));
  const auto subcommand = what == "speed"    ? speed_of
                          : what == "roof"   ? roof_of
                          : what == "ranks"  ? ranks_of
                          : what == "growth" ? growth_of
                                             : nullptr;
  if (subcommand == nullptr) fail_input("admm_bench: speed, roof, ranks or growth, then key=value ...");
  const json out = subcommand(words);
  if (launched_rank() == 0) fmt::print("{}\n", out.dump(2));
  return 0;
}

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  try {
    return tersegraph::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
