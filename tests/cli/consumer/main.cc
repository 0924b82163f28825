// A program of somebody else's that trains with the installed library.
#include <tersegraph/tersegraph.h>

#include <cstdio>
#include <stdexcept>

int main() {
  tersegraph::RunConfig config;
  config.data = "sbm:nodes=300,edges=1500,features=16,classes=3,separation=2";
  config.hidden = 16;
  config.epochs = 30;
  config.ranks = 2;
  config.out = "consumer-run";
  config.quiet = true;
  const tersegraph::RunOutcome outcome = tersegraph::run_training(config);
  std::printf("%s: test accuracy %.3f\n", outcome.directory.c_str(), *outcome.runs.at(0).test_accuracy);
  if (!(*outcome.runs.at(0).test_accuracy > 0.8)) return 1;
  try {
    config.model = "gat";
    tersegraph::run_training(config);
    return 1;
  } catch (const std::runtime_error& error) {
    std::printf("%s\n", error.what());
  }
}
