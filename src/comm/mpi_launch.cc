#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/crash_words.h"
#include "base/error.h"
#include "base/failure_words.h"
#include "base/rank_threads.h"
#include "comm/collectives.h"
#include "comm/deadline.h"
#include "comm/heartbeat.h"
#include "comm/launch.h"
#include "comm/mpi_plugin.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "libtersegraph_mpi.so";

/// Where the program, or the Python extension that this code is linked into, lies.
std::vector<fs::path> own_folders() {
  std::vector<fs::path> folders;
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&own_folders), &info) != 0 && info.dli_fname != nullptr) {
    std::error_code ignored;
    folders.push_back(fs::absolute(info.dli_fname, ignored).parent_path());
  }
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (!failed) folders.push_back(program.parent_path());
  return folders;
}

std::vector<fs::path> plugin_folders() {
  const char* const chosen = std::getenv("TERSEGRAPH_PLUGIN_DIR");
  if (chosen != nullptr && *chosen != '\0') return {chosen};
  std::vector<fs::path> folders;
  for (const fs::path& own : own_folders()) {
    folders.push_back(own);
    folders.push_back(own / "tersegraph");
    folders.push_back(own / ".." / TERSEGRAPH_LIBDIR / "tersegraph");
    folders.push_back(own / "../lib/tersegraph");
    folders.push_back(own / "../src/comm");  // the build tree
    folders.push_back(own / "../../src/comm");
  }
  return folders;
}

fs::path find_plugin() {
  const std::vector<fs::path> folders = plugin_folders();
  for (const fs::path& folder : folders) {
    std::error_code ignored;
    if (fs::exists(folder / kFile, ignored)) return folder / kFile;
  }
  fail_input(
      "{} is neither in {} nor in the other places it is looked for: install the build with MPI, or set "
      "TERSEGRAPH_PLUGIN_DIR to the plugin's folder, or run without mpirun (--ranks)",
      kFile, folders.front().string());
}

/// The plugin stays loaded for good: exceptions that it has thrown refer to it.
const MpiPlugin& load_plugin() {
  const fs::path path = find_plugin();
  // RTLD_GLOBAL reaches libmpi too, whose own plugins look for its symbols among the global ones.
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    fail_input("the MPI plugin does not load ({}): install the MPI it was built with, or run without mpirun (--ranks)",
               dlerror());
  }
  const auto entry = reinterpret_cast<decltype(&tersegraph_mpi_plugin)>(dlsym(library, "tersegraph_mpi_plugin"));
  if (entry == nullptr || entry()->interface != MpiPlugin::kInterface) {
    fail_input("{} is from another version of Tersegraph: install the two together", path.string());
  }
  return *entry();
}

void check_size(int wanted, int size) {
  const int launched = launched_ranks();
  if (launched > 0 && launched != size) {
    fail_input(
        "the launcher started {} ranks, but MPI knows of {}: start with the mpirun of the MPI that Tersegraph "
        "was built with, or with srun --mpi=pmix",
        launched, size);
  }
  if (wanted > 0 && wanted != size) {
    fail_input("--ranks {} differs from the {} ranks that the launcher started: leave --ranks out", wanted, size);
  }
}

}  // namespace

struct MpiRank::Parts {
  Parts(const MpiPlugin& plugin, size_t piece) : communicator(plugin.start(piece), plugin.stop) {}

  std::unique_ptr<Communicator, void (*)(Communicator*)> communicator;
  std::optional<Heartbeat> heartbeat;  // says goodbye before MPI ends
};

MpiRank::MpiRank(int ranks, double timeout, size_t piece) {
  const MpiPlugin& plugin = load_plugin();
  const double after_first = launched_rank() > 0 ? 2 : 0;  // who ends ends all
  const Deadline deadline(
      timeout > 0 ? timeout + after_first : 0,
      fmt::format("MPI has not brought the ranks together within {:g} s (--timeout): see that all "
                  "of them have started and have memory left, and that their hosts reach each other",
                  timeout));
  {
    const CrashWords crash("MPI has crashed while it started: see that memory is left (ulimit -v)");
    parts_ = std::make_unique<Parts>(plugin, piece);
  }
  check_size(ranks, communicator().size());
  if (communicator().size() == 1) return;
  try {
    ControlLinks links = connect_control(communicator());
    parts_->heartbeat.emplace(Heartbeat::Config{communicator().rank(), timeout}, std::move(links),
                              communicator().waiting());
  } catch (const std::exception& error) {
    end_job(words_of(error), 3);
  }
}

MpiRank::~MpiRank() = default;

Communicator& MpiRank::communicator() {
  return *parts_->communicator;
}

void MpiRank::end_job(const std::string& reason, int code) {
  if (!reason.empty()) std::fprintf(stderr, "tersegraph: rank %d: %s\n", communicator().rank(), reason.c_str());
  std::fflush(nullptr);
  if (parts_->heartbeat) parts_->heartbeat->fail(code);
  communicator().abort(reason, code);
  std::_Exit(code);
}

void run_mpi_rank(int ranks, int threads, const std::function<void(Communicator&)>& body, double timeout,
                  size_t piece) {
  MpiRank rank(ranks, timeout, piece);
  const RankThreads rank_threads(threads);
  try {
    body(rank.communicator());
  } catch (const Agreed&) {
    throw;
  } catch (const InputError& error) {
    rank.end_job(error.what(), 2);
  } catch (const std::exception& error) {
    rank.end_job(words_of(error), 3);
  }
}

}  // namespace tersegraph
