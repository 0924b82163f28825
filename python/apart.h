#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>

namespace tersegraph::python {

/// Work on a thread of its own that no signal reaches (see SignalGuard), while the calling thread, which is Python's,
/// answers what the work asks of it and notices Ctrl-C.
class Apart {
 public:
  /// Returns when `work` has. The caller holds the GIL, which is free while nothing is asked. Throws what `work` threw,
  /// unless a question threw before it or a signal handler of Python did (KeyboardInterrupt): then that.
  void run(const std::function<void()>& work);

  /// From the thread of `work`: has the calling thread run `question`, with the GIL, and waits until it has.
  void ask(const std::function<void()>& question);

  /// Whether a question or a signal handler has thrown, so that the work should end.
  bool stopping() const { return stopping_; }

 private:
  void serve();
  void wait_for_event();
  void stop(std::exception_ptr reason);

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* question_ = nullptr;
  bool done_ = false;
  std::atomic<bool> stopping_ = false;
  std::exception_ptr reason_, failure_;
};

}  // namespace tersegraph::python
