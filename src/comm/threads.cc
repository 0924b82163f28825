#include "comm/threads.h"

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "base/error.h"
#include "comm/slots.h"

namespace tersegraph {
namespace {

enum class State { unused, queued, matched, done };

/// Where a rank sleeps until one of its operations is done or a rank has failed.
struct Bed {
  std::mutex mutex;
  std::condition_variable changed;
};

struct Operation {
  std::atomic<State> state{State::unused};
  Bed* bed = nullptr;
  bool sends = false;
  int peer = 0;
  int tag = 0;
  std::byte* data = nullptr;  // only read when the operation sends
  size_t size = 0;            // sent bytes, or the room and then the length of the message
  size_t room = 0;
  Operation* next = nullptr;
};

/// Operations in the order they came.
class Queue {
 public:
  void push(Operation* operation) {
    operation->next = nullptr;
    *end_ = operation;
    end_ = &operation->next;
  }
  Operation* take_tag(int tag) {
    return take_if([tag](const Operation& operation) { return operation.tag == tag; });
  }
  void remove(const Operation* gone) {
    take_if([gone](const Operation& operation) { return &operation == gone; });
  }

 private:
  template <class Wanted>
  Operation* take_if(Wanted wanted) {
    for (Operation** link = &first_; *link != nullptr; link = &(*link)->next) {
      Operation* const found = *link;
      if (!wanted(*found)) continue;
      *link = found->next;
      if (end_ == &found->next) end_ = link;
      return found;
    }
    return nullptr;
  }

  Operation* first_ = nullptr;
  Operation** end_ = &first_;
};

/// What waits to be matched between one sender and one receiver.
struct alignas(64) Lane {
  std::mutex mutex;
  Queue sends;
  Queue receives;
};

struct World {
  World(int ranks, const std::vector<int>& host_of)
      : size(ranks),
        hosts(host_of.empty() ? std::vector<int>(ranks, 0) : host_of),
        lanes(new Lane[static_cast<size_t>(ranks) * ranks]),
        beds(new Bed[ranks]) {}

  Lane& lane(int sender, int receiver) { return lanes[static_cast<size_t>(sender) * size + receiver]; }

  void fail(int rank, const std::string& reason) {
    {
      const std::lock_guard lock(failure_mutex);
      if (failed) return;
      failure = fmt::format("rank {} failed: {}", rank, reason);
      failed = true;
    }
    for (int r = 0; r < size; ++r) {
      const std::lock_guard lock(beds[r].mutex);
      beds[r].changed.notify_all();
    }
  }

  const int size;
  const std::vector<int> hosts;
  const std::unique_ptr<Lane[]> lanes;
  const std::unique_ptr<Bed[]> beds;
  std::mutex failure_mutex;
  std::string failure;  // written before `failed` is set, never after
  std::atomic<bool> failed{false};
};

/// Once it is done, the operation is its owner's, who may use it anew at once.
void finish(Operation& operation) {
  Bed& bed = *operation.bed;
  const std::lock_guard lock(bed.mutex);
  operation.state.store(State::done, std::memory_order_release);
  bed.changed.notify_one();
}

void deliver(const Operation& send, Operation& receive) {
  receive.size = send.size;
  if (send.size > 0 && send.size <= receive.room) std::memcpy(receive.data, send.data, send.size);
}

class ThreadCommunicator final : public Communicator {
 public:
  ThreadCommunicator(std::shared_ptr<World> world, int rank) : world_(std::move(world)), rank_(rank) {}
  ~ThreadCommunicator() override { drop_requests(); }

  int rank() const override { return rank_; }
  int size() const override { return world_->size; }
  const std::vector<int>& host_of() const override { return world_->hosts; }

  Request send(int peer, int tag, std::span<const std::byte> bytes) override {
    return post(true, peer, tag, const_cast<std::byte*>(bytes.data()), bytes.size());
  }
  Request receive(int peer, int tag, std::span<std::byte> room) override {
    return post(false, peer, tag, room.data(), room.size());
  }

  bool test(Request request, size_t* size) override {
    if (operations_[request].state.load(std::memory_order_acquire) != State::done) {
      if (world_->failed) stop();
      return false;
    }
    const size_t length = forget(request);
    if (size != nullptr) *size = length;
    return true;
  }

  size_t wait(Request request) override {
    const Operation& operation = operations_[request];
    const auto done = [&] { return operation.state.load(std::memory_order_acquire) == State::done; };
    if (!done()) {
      std::unique_lock lock(bed().mutex);
      bed().changed.wait(lock, [&] { return done() || world_->failed; });
    }
    if (!done()) stop();
    return forget(request);
  }

  void progress() override {}
  void abort(const std::string& reason, int) override { world_->fail(rank_, reason); }
  void drop_requests() noexcept override;

 private:
  Bed& bed() { return world_->beds[rank_]; }
  Lane& lane_of(const Operation& operation) {
    return operation.sends ? world_->lane(rank_, operation.peer) : world_->lane(operation.peer, rank_);
  }

  Request post(bool sends, int peer, int tag, std::byte* data, size_t size);
  size_t forget(Request request);
  [[noreturn]] void stop() {
    drop_requests();
    throw RunError(world_->failure);
  }

  const std::shared_ptr<World> world_;
  const int rank_;
  Slots<Operation> operations_;
};

Communicator::Request ThreadCommunicator::post(bool sends, int peer, int tag, std::byte* data, size_t size) {
  if (world_->failed) stop();
  const Request request = operations_.take();
  Operation& operation = operations_[request];
  operation.bed = &bed();
  operation.sends = sends;
  operation.peer = peer;
  operation.tag = tag;
  operation.data = data;
  operation.size = operation.room = size;

  Operation* partner = nullptr;
  {
    Lane& lane = lane_of(operation);
    const std::lock_guard lock(lane.mutex);
    partner = (sends ? lane.receives : lane.sends).take_tag(tag);
    if (partner == nullptr) {
      operation.state = State::queued;
      (sends ? lane.sends : lane.receives).push(&operation);
      return request;
    }
    partner->state = State::matched;
  }
  if (sends) {
    deliver(operation, *partner);
  } else {
    deliver(*partner, operation);
  }
  finish(*partner);
  operation.state = State::done;
  return request;
}

size_t ThreadCommunicator::forget(Request request) {
  Operation& operation = operations_[request];
  operation.state = State::unused;
  operations_.give_back(request);
  if (operation.size > operation.room) {
    drop_requests();
    fail_run("rank {} sent {} bytes to rank {}, which has room for {} (tag {})", operation.peer, operation.size, rank_,
             operation.room, operation.tag);
  }
  return operation.size;
}

/// Whoever has matched an operation of ours may be copying from or to our memory: such copies are waited for.
void ThreadCommunicator::drop_requests() noexcept {
  for (Request request = 0; request < operations_.size(); ++request) {
    Operation& operation = operations_[request];
    if (operation.state == State::unused) continue;
    {
      Lane& lane = lane_of(operation);
      const std::lock_guard lock(lane.mutex);
      if (operation.state == State::queued) {
        (operation.sends ? lane.sends : lane.receives).remove(&operation);
        operation.state = State::done;
      }
    }
    {
      std::unique_lock lock(bed().mutex);
      bed().changed.wait(lock, [&] { return operation.state == State::done; });
    }
    operation.state = State::unused;
    operations_.give_back(request);
  }
}

}  // namespace

std::vector<std::unique_ptr<Communicator>> make_thread_communicators(int ranks, const std::vector<int>& host_of) {
  const auto world = std::make_shared<World>(ranks, host_of);
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (int rank = 0; rank < ranks; ++rank) communicators.push_back(std::make_unique<ThreadCommunicator>(world, rank));
  return communicators;
}

}  // namespace tersegraph
