#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.h"

namespace tersegraph {

/// How many ranks a launcher (mpirun, srun) has started this process among; 0 when there is none.
int launched_ranks();
/// Which of them this process is, known before MPI starts; 0 without a launcher. An error that all ranks meet is told
/// by rank 0.
int launched_rank();
/// How many of them run on this host (1 when the launcher does not say).
int launched_ranks_here();

/// Runs `body` as `ranks` threads of this process (rank 0 is the caller's), each with a communicator and `threads`
/// compute threads. The first exception that a rank throws stops the others (their communicators throw) and is thrown
/// here. A rank that lets another wait for a message `timeout` seconds long (0: for ever) is taken for lost, which is a
/// RunError, or ends the process (see Watchdog). host_of: the hosts they are to take themselves for being on, for plans
/// and tests; empty: one.
void run_thread_ranks(int ranks, int threads, const std::function<void(Communicator&)>& body, double timeout = 0,
                      const std::vector<int>& host_of = {});

/// Messages from this size on are sent in pieces. Tests lower it.
constexpr size_t kMpiPiece = size_t{1} << 30;

/// This process' rank of the job that a launcher started, for those who stay in control of their process; otherwise
/// see run_mpi_rank, which says what is loaded and what errors there are. One at a time; its destructor waits for the
/// other ranks to end too.
class MpiRank {
 public:
  MpiRank(int ranks, double timeout, size_t piece = kMpiPiece);
  ~MpiRank();
  MpiRank(const MpiRank&) = delete;
  MpiRank& operator=(const MpiRank&) = delete;

  Communicator& communicator();
  /// Prints the reason, unless it is empty, and ends all processes of the job.
  [[noreturn]] void end_job(const std::string& reason, int code);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Loads the MPI plugin, and runs `body` as this process' rank; called once, from the main thread. `ranks` must be what
/// the launcher started (0: whatever it is). The plugin is looked for in $TERSEGRAPH_PLUGIN_DIR if that is set;
/// otherwise beside the program, in the installation's lib/tersegraph, and in the build tree. Errors: InputError when
/// the plugin is not there or the counts differ. What `agree` throws in `body` is thrown here on every rank, after MPI
/// has ended. Any other exception may be this rank's alone: it is printed and ends the whole job, with exit code 2 for
/// an InputError and 3 for the rest. So does the loss of a rank, or that one has waited `timeout` seconds for a message
/// (0: for ever); see Heartbeat.
void run_mpi_rank(int ranks, int threads, const std::function<void(Communicator&)>& body, double timeout = 0,
                  size_t piece = kMpiPiece);

/// Call first in main(). Threads of OpenMP that spin while they wait take the cores from those that compute when the
/// ranks of this host have more threads than it has cores. OpenMP reads its waiting policy when it is loaded, so this
/// sets the policy and starts the program anew, once; unless the user has set OMP_WAIT_POLICY or GOMP_SPINCOUNT.
void settle_wait_policy(int ranks_on_this_host, int threads, char** argv);

}  // namespace tersegraph
