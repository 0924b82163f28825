#include "base/crash_words.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <iterator>

namespace tersegraph {
namespace {

std::atomic<const char*> words_now = "";

// Only what may be called in a signal's handler.
[[noreturn]] void end(const char* words) {
  for (const char* const part : {"tersegraph: ", words, "\n"}) {
    if (write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  }
  _exit(3);
}

void end_with_words(int) {
  end(words_now.load());
}

constexpr int kCrashes[] = {SIGSEGV, SIGBUS, SIGABRT};
struct sigaction outer[std::size(kCrashes)];

void end_for_memory(int signal) {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    end("there is not enough memory: the address space is limited too tightly (ulimit -v)");
  }
  // The fault, or abort(), comes again, as it would have.
  for (size_t k = 0; k < std::size(kCrashes); ++k) {
    if (kCrashes[k] == signal) sigaction(signal, &outer[k], nullptr);
  }
}

}  // namespace

CrashWords::CrashWords(const char* words) {
  words_now = words;
  outer_ = std::signal(SIGSEGV, end_with_words);
}

CrashWords::~CrashWords() {
  std::signal(SIGSEGV, outer_);
}

void explain_crashes_for_memory() {
  // The main thread's own stack may be what could not grow.
  static char stack[1 << 14];
  const stack_t beside = {.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
  sigaltstack(&beside, nullptr);
  struct sigaction action {};
  action.sa_handler = end_for_memory;
  action.sa_flags = SA_ONSTACK;
  for (size_t k = 0; k < std::size(kCrashes); ++k) sigaction(kCrashes[k], &action, &outer[k]);
}

}  // namespace tersegraph
