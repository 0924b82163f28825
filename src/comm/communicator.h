#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "comm/waiting.h"

namespace tersegraph {

/// Point-to-point messages among ranks, which are threads of this process (`threads`) or MPI processes (`mpi`).
/// Everything else (collectives, exchanges) is written once over this, so that both give the same bits.
///
/// Messages of one (sender, receiver, tag) arrive in order. Calls of one rank come from one thread. A call throws
/// RunError when another rank has failed; the communicator then touches no buffer of the rank any more. A rank may send
/// to itself; it must start the receive before it waits for the send.
class Communicator {
 public:
  using Request = int64_t;

  virtual ~Communicator() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// host_of()[r] numbers the machine that rank r runs on, from 0 in order of first appearance.
  virtual const std::vector<int>& host_of() const = 0;

  /// Starts to send; `bytes` must stay untouched until the request is done. Messages over 2^31 bytes are allowed. tag
  /// >= 0.
  virtual Request send(int peer, int tag, std::span<const std::byte> bytes) = 0;
  /// Starts to receive at most room.size() bytes. A longer message is a RunError.
  virtual Request receive(int peer, int tag, std::span<std::byte> room) = 0;
  /// True once done; the request is then forgotten. `size` (may be null) gets the bytes received.
  virtual bool test(Request request, size_t* size) = 0;
  /// Waits until done; returns the bytes received (or sent).
  virtual size_t wait(Request request) = 0;
  /// Lets messages move; cheap. Called between blocks of computation, so it never throws: what failed is told by the
  /// next wait.
  virtual void progress() = 0;

  /// Tells all ranks that this one cannot go on: their calls throw RunError with `reason`. Under MPI the job ends with
  /// `code`.
  virtual void abort(const std::string& reason, int code) = 0;
  /// Forgets this rank's unfinished requests; their buffers may be freed afterwards. For the destructor of an object
  /// whose messages may be under way when an exception unwinds it, which ends the run; costs nothing when there are
  /// none.
  virtual void drop_requests() noexcept = 0;

  /// What the rank waits for; the Channel writes it.
  Waiting& waiting() { return waiting_; }

 private:
  Waiting waiting_;
};

}  // namespace tersegraph
