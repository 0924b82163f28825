#include "comm/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "base/error.h"

namespace tersegraph {
namespace {

using ::testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

/// An environment in which these variables, and no others that launchers set, exist.
class Environment {
 public:
  explicit Environment(const Variables& variables) {
    for (const char* name : kNames) {
      const char* const value = std::getenv(name);
      if (value != nullptr) before_[name] = value;
      unsetenv(name);
    }
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const char* name : kNames) unsetenv(name);
    for (const auto& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  static constexpr const char* kNames[] = {"OMPI_COMM_WORLD_SIZE",
                                           "OMPI_COMM_WORLD_RANK",
                                           "OMPI_COMM_WORLD_LOCAL_SIZE",
                                           "PMI_SIZE",
                                           "PMI_RANK",
                                           "MPI_LOCALNRANKS",
                                           "SLURM_STEP_NUM_TASKS",
                                           "SLURM_PROCID",
                                           "SLURM_STEP_TASKS_PER_NODE",
                                           "SLURM_NTASKS",
                                           "TERSEGRAPH_PLUGIN_DIR"};
  Variables before_;
};

struct Launch {
  int ranks, rank, here;
  bool operator==(const Launch&) const = default;
};

Launch seen(const Variables& variables) {
  const Environment environment(variables);
  return {launched_ranks(), launched_rank(), launched_ranks_here()};
}

TEST(Launch, IsSeenInTheEnvironment) {
  EXPECT_EQ(seen({}), (Launch{0, 0, 1}));
  EXPECT_EQ(seen({{"OMPI_COMM_WORLD_SIZE", "6"}, {"OMPI_COMM_WORLD_RANK", "5"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "3"}}),
            (Launch{6, 5, 3}));
  EXPECT_EQ(seen({{"PMI_SIZE", "4"}, {"PMI_RANK", "2"}, {"MPI_LOCALNRANKS", "2"}}), (Launch{4, 2, 2}));
}

TEST(Launch, TellsASlurmStepFromAnAllocation) {
  EXPECT_EQ(seen({{"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "3"}, {"SLURM_STEP_TASKS_PER_NODE", "2(x2)"}}),
            (Launch{4, 3, 2}));
  EXPECT_EQ(seen({{"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}), (Launch{0, 0, 1})) << "a batch script";
  EXPECT_EQ(seen({{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_PROCID", "0"}}), (Launch{0, 0, 1})) << "srun --pty bash";
}

TEST(Launch, SaysWhatToDoWithoutThePlugin) {
  const Environment environment(Variables{{"TERSEGRAPH_PLUGIN_DIR", "/nonexistent"}});
  try {
    run_mpi_rank(0, 1, [](Communicator&) { FAIL() << "ran without MPI"; });
    FAIL() << "expected an InputError";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("libtersegraph_mpi.so"));
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent"));
    EXPECT_THAT(error.what(), HasSubstr("TERSEGRAPH_PLUGIN_DIR"));
  }
}

}  // namespace
}  // namespace tersegraph
