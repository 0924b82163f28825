#include "apart.h"

#include <nanobind/nanobind.h>
#include <signal.h>

#include <chrono>
#include <thread>
#include <utility>

namespace nb = nanobind;

namespace tersegraph::python {
namespace {

/// How late Ctrl-C may be noticed.
constexpr std::chrono::milliseconds kPatience{50};

/// Starts a thread on which all signals are blocked, as on those that it will start itself.
template <class Work>
std::thread start_without_signals(Work work) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread thread(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

void Apart::run(const std::function<void()>& work) {
  std::thread thread = start_without_signals([&] {
    try {
      work();
    } catch (...) {
      failure_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  });
  serve();
  thread.join();
  if (reason_) std::rethrow_exception(reason_);
  if (failure_) std::rethrow_exception(failure_);
}

void Apart::serve() {
  for (;;) {
    wait_for_event();
    if (PyErr_CheckSignals() != 0) {
      // The constructor takes the error that is set.
      stop(std::make_exception_ptr(nb::python_error()));
    }
    const std::function<void()>* question = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (done_) return;
      question = question_;
    }
    if (question == nullptr) continue;
    try {
      if (!stopping_) (*question)();
    } catch (...) {
      stop(std::current_exception());
    }
    const std::lock_guard lock(mutex_);
    question_ = nullptr;
    changed_.notify_all();
  }
}

void Apart::wait_for_event() {
  const nb::gil_scoped_release released;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [&] { return done_ || question_ != nullptr; });
}

/// The first reason is told.
void Apart::stop(std::exception_ptr reason) {
  if (!reason_) reason_ = std::move(reason);
  stopping_ = true;
}

void Apart::ask(const std::function<void()>& question) {
  std::unique_lock lock(mutex_);
  question_ = &question;
  changed_.notify_all();
  changed_.wait(lock, [&] { return question_ == nullptr; });
}

}  // namespace tersegraph::python
