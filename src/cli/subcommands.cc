#include "cli/commands.h"

namespace tersegraph {

std::vector<Subcommand> subcommands(char** argv) {
  return {train_subcommand(argv),  predict_subcommand(),   info_subcommand(), generate_subcommand(),
          convert_subcommand(),    partition_subcommand(), plan_subcommand(), report_subcommand(),
          completion_subcommand(), man_subcommand()};
}

}  // namespace tersegraph
