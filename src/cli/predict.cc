#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "run/prediction.h"
#include "run/run_files.h"

namespace tersegraph {
namespace {

struct PredictWords {
  std::string run, data, out;
  bool json = false;
};

/// What is told of the prediction: by name, the data first.
nlohmann::ordered_json told(const Prediction& prediction) {
  nlohmann::ordered_json table = {{"data", prediction.data}};
  auto add = [&](const std::string& name, const std::optional<double>& score) {
    if (score) table[name] = *score;
  };
  add("train_accuracy", prediction.scores.train_accuracy);
  add("val_accuracy", prediction.scores.val_accuracy);
  add("test_accuracy", prediction.scores.test_accuracy);
  for (const auto& [name, score] : prediction.scores.scores) add(name, score);
  return table;
}

void print_table(const nlohmann::ordered_json& table) {
  for (const auto& [name, value] : table.items()) {
    fmt::print("{:<16} {}\n", name,
               value.is_string() ? value.get<std::string>() : fmt::format("{:.4f}", value.get<double>()));
  }
}

int predict_command(const PredictWords& words) {
  const Prediction prediction = predict(words.run, words.data);
  nlohmann::ordered_json table = told(prediction);
  if (!words.out.empty()) {
    write_predictions(words.out, prediction.task, prediction.outputs);
    table["written"] = words.out;
  }
  if (words.json) {
    fmt::print("{}\n", table.dump(2));
  } else {
    print_table(table);
  }
  return 0;
}

}  // namespace

Subcommand predict_subcommand() {
  static PredictWords words;
  return {.name = "predict",
          .help = "score a trained model, and write its predictions",
          .footer = "Example: tersegraph predict runs/20250131T120000Z-gcn --out predictions.npy",
          .arguments = {{.name = "RUN",
                         .help = "folder that tersegraph train wrote",
                         .target = &words.run,
                         .required = true,
                         .offers = Offers::folders},
                        {.name = "--data",
                         .help = "data to predict",
                         .target = &words.data,
                         .takes = "DATA",
                         .by_default = "what it was trained on",
                         .offers = Offers::files},
                        {.name = "--out",
                         .help = "write class ids (or probabilities) for numpy.load",
                         .target = &words.out,
                         .takes = "FILE.npy",
                         .offers = Offers::files},
                        {.name = "--json", .help = "print JSON", .target = &words.json}},
          .run = [] { return predict_command(words); }};
}

}  // namespace tersegraph
