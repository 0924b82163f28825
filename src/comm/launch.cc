#include "comm/launch.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/rank_threads.h"
#include "comm/threads.h"
#include "comm/watchdog.h"

namespace tersegraph {
namespace {

/// The leading number of the first of these environment variables that is set; -1 when none is.
int first_number(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* const text = std::getenv(name);
    if (text != nullptr && *text >= '0' && *text <= '9') return std::atoi(text);
  }
  return -1;
}

/// Open MPI, MPICH and its kin (hydra), MVAPICH.
int mpirun_size() {
  return first_number({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"});
}

/// Slurm's batch scripts and interactive shells see Slurm's variables too: only a step of several tasks is a launch.
bool in_slurm_step() {
  return first_number({"SLURM_STEP_NUM_TASKS"}) > 1 && first_number({"SLURM_PROCID"}) >= 0;
}

std::string text_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown error";
  }
}

}  // namespace

int launched_ranks() {
  const int size = mpirun_size();
  if (size > 0) return size;
  return in_slurm_step() ? first_number({"SLURM_STEP_NUM_TASKS"}) : 0;
}

int launched_rank() {
  const int rank = first_number({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"});
  if (mpirun_size() > 0 && rank >= 0) return rank;
  return in_slurm_step() ? first_number({"SLURM_PROCID"}) : 0;
}

int launched_ranks_here() {
  const int ranks = first_number({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "MV2_COMM_WORLD_LOCAL_SIZE"});
  if (ranks > 0) return ranks;
  return in_slurm_step() ? std::max(1, first_number({"SLURM_STEP_TASKS_PER_NODE"})) : 1;
}

void run_thread_ranks(int ranks, int threads, const std::function<void(Communicator&)>& body, double timeout,
                      const std::vector<int>& host_of) {
  if (ranks < 1) fail_input("{} ranks: there must be at least 1 (--ranks)", ranks);
  const auto communicators = make_thread_communicators(ranks, host_of);
  std::mutex mutex;
  std::exception_ptr first_failure;
  const auto fail = [&](int rank) {
    {
      const std::lock_guard lock(mutex);
      if (first_failure == nullptr) first_failure = std::current_exception();
    }
    communicators[rank]->abort(text_of(std::current_exception()), 0);
  };
  const auto run = [&](int rank) {
    const RankThreads rank_threads(threads);
    try {
      body(*communicators[rank]);
    } catch (...) {
      fail(rank);
    }
  };

  {
    std::vector<Communicator*> watched;
    for (const auto& communicator : communicators) watched.push_back(communicator.get());
    const Watchdog watchdog(std::move(watched), timeout);
    std::vector<std::jthread> others;
    try {
      for (int rank = 1; rank < ranks; ++rank) others.emplace_back(run, rank);
      run(0);
    } catch (...) {
      fail(0);
    }
  }
  if (first_failure != nullptr) std::rethrow_exception(first_failure);
}

}  // namespace tersegraph
