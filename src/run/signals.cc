#include "run/signals.h"

#include <csignal>

#include "base/unfinished.h"

namespace tersegraph {
namespace {

std::atomic<int> g_received{0};
std::atomic<bool> g_deferred{false};

/// Somebody started us with the signal ignored (a shell's background job); that holds.
bool ignored(int signal) {
  struct sigaction action = {};
  sigaction(signal, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

/// Ends the process the way the signal does where nobody catches it, but for files that are half-written.
void end_by(int signal) {
  remove_unfinished();
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  raise(signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

}  // namespace

SignalGuard::SignalGuard() {
  g_received = 0;
  g_deferred = false;
  sigemptyset(&watched_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    if (!ignored(signal)) sigaddset(&watched_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &watched_, &outer_mask_);
  std::signal(SIGXFSZ, SIG_IGN);
  watcher_ = std::thread([this] { watch(); });
}

SignalGuard::~SignalGuard() {
  ending_ = true;
  watcher_.join();
  pthread_sigmask(SIG_SETMASK, &outer_mask_, nullptr);
}

void SignalGuard::watch() {
  constexpr timespec kPatience{.tv_sec = 0, .tv_nsec = 50'000'000};
  while (!ending_) {
    const int signal = sigtimedwait(&watched_, nullptr, &kPatience);
    if (signal <= 0) continue;
    if (!g_deferred || (g_received != 0 && signal == SIGINT)) end_by(signal);
    if (g_received == 0) g_received = signal;
  }
}

void SignalGuard::defer() {
  g_deferred = true;
}

int SignalGuard::received() {
  return g_received;
}

}  // namespace tersegraph
