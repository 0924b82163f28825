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

void add_predict(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("predict", "score a trained model, and write its predictions");
  static PredictWords words;
  command->add_option("RUN", words.run, "folder that tersegraph train wrote")->required();
  command->add_option("--data", words.data, "data to predict")
      ->type_name("DATA")
      ->default_str("what it was trained on");
  command->add_option("--out", words.out, "write class ids (or probabilities) for numpy.load")->type_name("FILE.npy");
  command->footer("Example: tersegraph predict runs/20250131T120000Z-gcn --out predictions.npy");
  command->callback([&chosen] { chosen = [] { return predict_command(words); }; });
}

}  // namespace tersegraph
