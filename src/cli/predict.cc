#include <fmt/format.h>

#include <cstdio>

#include "cli/commands.h"
#include "run/prediction.h"
#include "run/run_files.h"

namespace tersegraph {
namespace {

struct PredictWords {
  std::string run, data, out;
};

void print_score(const char* name, const std::optional<double>& score) {
  if (score) fmt::print("{:<16} {:.4f}\n", name, *score);
}

int predict_command(const PredictWords& words) {
  const Prediction prediction = predict(words.run, words.data);
  fmt::print("{:<16} {}\n", "data", prediction.data);
  print_score("train_accuracy", prediction.scores.train_accuracy);
  print_score("val_accuracy", prediction.scores.val_accuracy);
  print_score("test_accuracy", prediction.scores.test_accuracy);
  for (const auto& [name, score] : prediction.scores.scores) print_score(name.c_str(), score);
  if (!words.out.empty()) {
    write_predictions(words.out, prediction.task, prediction.outputs);
    fmt::print("{:<16} {}\n", "written", words.out);
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
                         .offers = Offers::files}},
          .run = [] { return predict_command(words); }};
}

}  // namespace tersegraph
