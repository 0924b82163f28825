#include "run/signals.h"

#include <signal.h>

namespace tersegraph {
namespace {

volatile sig_atomic_t g_received = 0;
struct sigaction g_outer_interrupt, g_outer_terminate;

void note(int signal) {
  g_received = signal;
}

}  // namespace

SignalGuard::SignalGuard() {
  g_received = 0;
  struct sigaction action = {};
  action.sa_handler = note;
  // SA_RESETHAND: the second signal acts as if nobody caught it.
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, &g_outer_interrupt);
  sigaction(SIGTERM, &action, &g_outer_terminate);
}

SignalGuard::~SignalGuard() {
  sigaction(SIGINT, &g_outer_interrupt, nullptr);
  sigaction(SIGTERM, &g_outer_terminate, nullptr);
}

int SignalGuard::received() {
  return g_received;
}

}  // namespace tersegraph
