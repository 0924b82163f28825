#include "comm/mpi_plugin.h"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "comm/slots.h"

namespace tersegraph {
namespace {

/// How a message travels. One shorter than a piece (1 GiB) is one MPI message, and its length is the MPI message's, so
/// that a receiver which only knows the most that may come learns it at no cost. A longer one goes as full pieces with
/// the same tag, in order, and a last piece that is shorter than a full one, if need be empty: whoever gets a full
/// piece knows that more follow. The sender starts all pieces at once. The receiver starts the next when one has come
/// in full, and holds back later receives of the same sender and tag till then, lest they take a piece that is not
/// theirs.
struct Operation {
  bool sends = false;
  bool done = false;
  int peer = 0;
  int tag = 0;
  std::byte* data = nullptr;  // only read when the operation sends
  size_t room = 0;
  size_t size = 0;     // bytes sent, or that have come so far
  int64_t after = -1;  // the receive that must end before this one begins
  std::string error;
  std::vector<MPI_Request> pieces;  // of a send: all; of a receive: the one that is under way
};

int error_class(int code) {
  int kind = MPI_ERR_OTHER;
  MPI_Error_class(code, &kind);
  return kind;
}

/// Open MPI calls it an internal error when it finds no memory for its own lists.
std::string error_text(int code) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(code, text.data(), &length);
  const int kind = error_class(code);
  const char* const hint = kind == MPI_ERR_INTERN || kind == MPI_ERR_NO_MEM ? "; see that memory is left" : "";
  return std::string(text.data(), static_cast<size_t>(length)) + hint;
}

void check(int code) {
  if (code != MPI_SUCCESS) fail_run("MPI: {}", error_text(code));
}

/// A private copy of all ranks' communicator, so that no tag meets another library's. Its errors come back as codes.
MPI_Comm duplicate_world() {
  MPI_Comm copy = MPI_COMM_NULL;
  check(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
  check(MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN));
  return copy;
}

std::vector<int> find_hosts(MPI_Comm comm, int size) {
  std::array<char, MPI_MAX_PROCESSOR_NAME> own{};
  int length = 0;
  check(MPI_Get_processor_name(own.data(), &length));
  std::vector<std::array<char, MPI_MAX_PROCESSOR_NAME>> names(size);
  check(MPI_Allgather(own.data(), own.size(), MPI_CHAR, names.data(), own.size(), MPI_CHAR, comm));
  std::vector<int> hosts;
  std::vector<std::string> seen;
  for (const auto& name : names) {
    const std::string text(name.data());
    const auto found = std::find(seen.begin(), seen.end(), text);
    hosts.push_back(static_cast<int>(found - seen.begin()));
    if (found == seen.end()) seen.push_back(text);
  }
  return hosts;
}

class MpiCommunicator final : public Communicator {
 public:
  explicit MpiCommunicator(size_t piece) : messages_(duplicate_world()), silent_(duplicate_world()), piece_(piece) {
    check(MPI_Comm_rank(messages_, &rank_));
    check(MPI_Comm_size(messages_, &size_));
    hosts_ = find_hosts(messages_, size_);
  }
  ~MpiCommunicator() override {
    MPI_Comm_free(&messages_);
    MPI_Comm_free(&silent_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::vector<int>& host_of() const override { return hosts_; }

  Request send(int peer, int tag, std::span<const std::byte> bytes) override;
  Request receive(int peer, int tag, std::span<std::byte> room) override;
  bool test(Request request, size_t* size) override;
  size_t wait(Request request) override;
  void progress() override;
  void abort(const std::string&, int code) override { MPI_Abort(MPI_COMM_WORLD, code); }
  void drop_requests() noexcept override {
  }  // MPI is at rest until it is called again, and what ends the run is abort()

 private:
  Operation& start(Request request, bool sends, int peer, int tag, std::byte* data, size_t room);
  void start_piece(Operation& operation);
  void piece_came(Request request, int code, const MPI_Status& status);
  void finish(Request request);
  bool test_pieces(Request request);
  void wait_among_long(Request request);
  size_t forget(Request request);

  MPI_Comm messages_;
  MPI_Comm silent_;  // carries nothing: a probe of it only moves the messages
  const size_t piece_;
  int rank_ = 0;
  int size_ = 0;
  std::vector<int> hosts_;
  Slots<Operation> operations_;
  std::vector<Request> long_receives_;  // unfinished ones that may take several pieces, or are held back, in order
};

Operation& MpiCommunicator::start(Request request, bool sends, int peer, int tag, std::byte* data, size_t room) {
  Operation& operation = operations_[request];
  operation.sends = sends;
  operation.done = false;
  operation.peer = peer;
  operation.tag = tag;
  operation.data = data;
  operation.room = room;
  operation.size = 0;
  operation.after = -1;
  operation.error.clear();
  operation.pieces.clear();
  return operation;
}

Communicator::Request MpiCommunicator::send(int peer, int tag, std::span<const std::byte> bytes) {
  const Request request = operations_.take();
  Operation& operation = start(request, true, peer, tag, const_cast<std::byte*>(bytes.data()), bytes.size());
  for (size_t begin = 0; begin <= bytes.size(); begin += piece_) {
    const int length = static_cast<int>(std::min(piece_, bytes.size() - begin));
    operation.pieces.push_back(MPI_REQUEST_NULL);
    check(MPI_Isend(bytes.data() + begin, length, MPI_BYTE, peer, tag, messages_, &operation.pieces.back()));
  }
  operation.size = bytes.size();
  return request;
}

Communicator::Request MpiCommunicator::receive(int peer, int tag, std::span<std::byte> room) {
  const Request request = operations_.take();
  Operation& operation = start(request, false, peer, tag, room.data(), room.size());
  for (const Request earlier : long_receives_) {
    if (operations_[earlier].peer == peer && operations_[earlier].tag == tag) operation.after = earlier;
  }
  if (room.size() >= piece_ || operation.after >= 0) long_receives_.push_back(request);
  if (operation.after < 0) start_piece(operation);
  return request;
}

void MpiCommunicator::start_piece(Operation& operation) {
  const int length = static_cast<int>(std::min(piece_, operation.room - operation.size));
  operation.pieces.assign(1, MPI_REQUEST_NULL);
  check(MPI_Irecv(operation.data + operation.size, length, MPI_BYTE, operation.peer, operation.tag, messages_,
                  operation.pieces.data()));
}

void MpiCommunicator::piece_came(Request request, int code, const MPI_Status& status) {
  Operation& operation = operations_[request];
  if (code == MPI_SUCCESS && !operation.sends) {
    int length = 0;
    MPI_Get_count(&status, MPI_BYTE, &length);
    operation.size += length;
    if (static_cast<size_t>(length) == piece_) return start_piece(operation);
  } else if (error_class(code) == MPI_ERR_TRUNCATE) {
    operation.error = fmt::format("rank {} sent more to rank {} than the {} bytes it has room for (tag {})",
                                  operation.peer, rank_, operation.room, operation.tag);
  } else if (code != MPI_SUCCESS) {
    operation.error = fmt::format("rank {} lost the message {} rank {}: {}", rank_, operation.sends ? "to" : "from",
                                  operation.peer, error_text(code));
  }
  const auto under_way = [](MPI_Request piece) { return piece != MPI_REQUEST_NULL; };
  if (std::none_of(operation.pieces.begin(), operation.pieces.end(), under_way)) finish(request);
}

void MpiCommunicator::finish(Request request) {
  operations_[request].done = true;
  const auto found = std::find(long_receives_.begin(), long_receives_.end(), request);
  if (found == long_receives_.end()) return;
  long_receives_.erase(found);
  for (const Request later : long_receives_) {
    Operation& held = operations_[later];
    if (held.after != request) continue;
    held.after = -1;
    start_piece(held);
  }
}

bool MpiCommunicator::test_pieces(Request request) {
  for (size_t i = 0; i < operations_[request].pieces.size(); ++i) {
    MPI_Request& piece = operations_[request].pieces[i];
    if (piece == MPI_REQUEST_NULL) continue;
    int came = 0;
    MPI_Status status;
    const int code = MPI_Test(&piece, &came, &status);
    if (code != MPI_SUCCESS || came != 0) piece_came(request, code, status);
  }
  return operations_[request].done;
}

bool MpiCommunicator::test(Request request, size_t* size) {
  for (size_t i = long_receives_.size(); i-- > 0;) test_pieces(long_receives_[i]);
  if (!operations_[request].done && !test_pieces(request)) return false;
  const size_t length = forget(request);
  if (size != nullptr) *size = length;
  return true;
}

/// While a rank waits, the next pieces of its long receives must be started, or two ranks could wait for each other.
void MpiCommunicator::wait_among_long(Request request) {
  std::vector<MPI_Request> pieces;
  std::vector<std::pair<Request, size_t>> owners;
  const auto gather = [&](Request owner) {
    const std::vector<MPI_Request>& own = operations_[owner].pieces;
    for (size_t i = 0; i < own.size(); ++i) {
      if (own[i] == MPI_REQUEST_NULL) continue;
      pieces.push_back(own[i]);
      owners.emplace_back(owner, i);
    }
  };
  gather(request);
  for (const Request other : long_receives_) {
    if (other != request) gather(other);
  }
  int which = MPI_UNDEFINED;
  MPI_Status status;
  const int code = MPI_Waitany(static_cast<int>(pieces.size()), pieces.data(), &which, &status);
  if (which == MPI_UNDEFINED) check(code);
  const auto [owner, index] = owners[which];
  operations_[owner].pieces[index] = pieces[which];
  piece_came(owner, code, status);
}

size_t MpiCommunicator::wait(Request request) {
  Operation& operation = operations_[request];
  while (!operation.done) {
    if (!long_receives_.empty()) {
      wait_among_long(request);
      continue;
    }
    for (MPI_Request& piece : operation.pieces) {
      if (piece == MPI_REQUEST_NULL) continue;
      MPI_Status status;
      const int code = MPI_Wait(&piece, &status);
      piece_came(request, code, status);
    }
  }
  return forget(request);
}

void MpiCommunicator::progress() {
  int came = 0;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, silent_, &came, MPI_STATUS_IGNORE);
}

size_t MpiCommunicator::forget(Request request) {
  Operation& operation = operations_[request];
  operations_.give_back(request);
  if (!operation.error.empty()) throw RunError(operation.error);
  return operation.size;
}

bool began_here = false;

Communicator* start(size_t piece) {
  int running = 0, provided = 0;
  MPI_Initialized(&running);
  if (running == 0) {
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided));
    began_here = true;
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  } else {
    check(MPI_Query_thread(&provided));
  }
  // Python's thread starts MPI, and those that compute use it, one at a time.
  if (provided < MPI_THREAD_SERIALIZED) {
    fail_run("this MPI does not take calls from several threads in turn (MPI_THREAD_SERIALIZED): {}",
             began_here ? "use one built with thread support" : "start it with that level");
  }
  return new MpiCommunicator(piece);
}

void stop(Communicator* communicator) {
  delete communicator;
  if (began_here) MPI_Finalize();
}

constexpr MpiPlugin kPlugin{MpiPlugin::kInterface, start, stop};

}  // namespace
}  // namespace tersegraph

extern "C" __attribute__((visibility("default"))) const tersegraph::MpiPlugin* tersegraph_mpi_plugin() {
  return &tersegraph::kPlugin;
}
