#include "comm/heartbeat.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace tersegraph {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr double kLongestSilence = 30;  // seconds
/// Fewer beats may be late on a busy machine.
constexpr int kFewestBeats = 5;
/// A rank that has missed so many beats is not asked what it waits for: what it last said may be long past.
constexpr int kMissed = 4;
/// Where a whole job is ended from outside, its processes die within this of each other, and need not tell.
constexpr milliseconds kGrace{200};
/// A launcher ends the others soon after the first process has ended: till then each has to notice by itself.
constexpr milliseconds kGraceOfOthers{2000};
/// For MPI_Abort to end the others, where a rank has failed by itself.
constexpr milliseconds kGraceOfAbort{2000};
constexpr milliseconds kPatienceOfFlush{500};

enum class Word : int32_t { beat, late, lost, failed, goodbye };
enum class Reason : int32_t { closed, silent, late };

/// What goes over a link. beat: a = whom the sender waits for, or -1. late: a = whom it has waited for too long. lost:
/// a = the lost rank, b = the Reason, c = who noticed. failed: a = the exit code, b = who failed.
struct Frame {
  Word word{};
  int32_t a = 0, b = 0, c = 0;
};

struct Link {
  int peer = 0, socket = -1;
  std::string incoming = {}, outgoing = {};  // parts of frames
  int silence = 0;                           // ticks since anything came
  int waits_for = -1;
  bool gone = false;  // it has said goodbye
};

/// How a run ends.
struct Verdict {
  int lost = 0;
  Reason reason{};
  int by = 0;
  int failed_code = 0;  // not 0: `lost` has failed by itself
};

int ticks_of(double seconds, double beat) {
  return static_cast<int>(std::min(1e9, std::ceil(seconds / beat)));
}

void flush(Link& link) {
  while (!link.outgoing.empty()) {
    const ssize_t sent = send(link.socket, link.outgoing.data(), link.outgoing.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return;  // full, or closed, which the reading end notices
    link.outgoing.erase(0, static_cast<size_t>(sent));
  }
}

void say(Link& link, const Frame& frame) {
  link.outgoing.append(reinterpret_cast<const char*>(&frame), sizeof frame);
  flush(link);
}

}  // namespace

class Heartbeat::Pulse {
 public:
  Pulse(const Config& config, ControlLinks links, const Waiting& waiting, End end)
      : config_(config), hosts_(std::move(links.hosts)), waiting_(waiting), end_(std::move(end)) {
    for (const auto& [peer, socket] : links.links) links_.push_back({peer, socket});
    if (config.timeout > 0) {
      late_ = ticks_of(config.timeout, config.beat);
      silent_ = std::max(kFewestBeats, ticks_of(std::min(config.timeout, kLongestSilence), config.beat));
    }
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    thread_ = std::thread([this] { run(); });
  }
  ~Pulse() {
    leave(0);
    for (const Link& link : links_) close(link.socket);
    close(wake_);
  }

  /// The thread says goodbye, of a rank that failed with this code if it is not 0, and ends.
  void leave(int code) {
    if (!thread_.joinable()) return;
    leaving_ = code;
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
    thread_.join();
  }

 private:
  void run();
  void wait_until(Clock::time_point then);
  void read(Link& link);
  void hear(Link& link, const Frame& frame);
  void tick();
  void tick_late();
  void say_goodbye();
  void flush_all();
  void conclude();
  std::string line() const;
  std::string reason_words() const;

  bool is_hub() const { return config_.rank == 0; }
  void decide(const Verdict& verdict) {
    if (!verdict_) verdict_ = verdict;
  }
  int end_of_chain_from(int first) const;

  const Config config_;
  const std::vector<std::string> hosts_;
  const Waiting& waiting_;
  const End end_;
  std::vector<Link> links_;
  int late_ = 0, silent_ = 0;  // ticks; 0: never
  WaitClock clock_;
  int asked_ = 0;  // ticks since rank 0 was told that this one has waited too long; 0: it was not
  std::optional<Verdict> verdict_;
  std::atomic<int> leaving_{-1};
  int wake_ = -1;
  std::thread thread_;
};

void Heartbeat::Pulse::run() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  const auto beat = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(config_.beat));
  auto next = Clock::now() + beat;
  while (!verdict_ && leaving_ < 0) {
    wait_until(next);
    if (Clock::now() < next) continue;
    tick();
    next = Clock::now() + beat;
  }
  if (verdict_) return conclude();
  say_goodbye();
}

void Heartbeat::Pulse::wait_until(Clock::time_point then) {
  std::vector<pollfd> watched{{wake_, POLLIN, 0}};
  for (const Link& link : links_) {
    // One that has said goodbye would be found readable again and again.
    watched.push_back(
        {link.gone ? -1 : link.socket, static_cast<short>(link.outgoing.empty() ? POLLIN : POLLIN | POLLOUT), 0});
  }
  const auto left = std::chrono::ceil<milliseconds>(then - Clock::now()).count();
  if (poll(watched.data(), watched.size(), static_cast<int>(std::max<int64_t>(0, left))) <= 0) return;
  for (size_t i = 0; i < links_.size(); ++i) {
    if ((watched[i + 1].revents & POLLOUT) != 0) flush(links_[i]);
    if ((watched[i + 1].revents & ~POLLOUT) != 0) read(links_[i]);
  }
}

void Heartbeat::Pulse::read(Link& link) {
  char bytes[4096];
  ssize_t came = 0;
  while ((came = recv(link.socket, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
    link.incoming.append(bytes, static_cast<size_t>(came));
  }
  const bool closed = came == 0 || (errno != EAGAIN && errno != EINTR);
  size_t done = 0;
  for (; link.incoming.size() - done >= sizeof(Frame); done += sizeof(Frame)) {
    Frame frame;
    std::memcpy(&frame, link.incoming.data() + done, sizeof frame);
    hear(link, frame);
  }
  link.incoming.erase(0, done);
  if (closed && !link.gone) decide({link.peer, Reason::closed, config_.rank});
  link.gone |= closed;
}

void Heartbeat::Pulse::hear(Link& link, const Frame& frame) {
  link.silence = 0;
  switch (frame.word) {
    case Word::beat:
      link.waits_for = frame.a;
      break;
    case Word::late:
      decide({end_of_chain_from(frame.a), Reason::late, link.peer});
      break;
    case Word::lost:
      decide({frame.a, static_cast<Reason>(frame.b), frame.c});
      break;
    case Word::failed:
      decide({frame.b, {}, frame.b, frame.a});
      link.gone = true;
      break;
    case Word::goodbye:
      link.gone = true;
  }
}

int Heartbeat::Pulse::end_of_chain_from(int first) const {
  std::vector<int> waits_for(hosts_.size(), -1);
  waits_for[config_.rank] = clock_.peer();
  for (const Link& link : links_) {
    if (link.silence < kMissed) waits_for[link.peer] = link.waits_for;
  }
  return end_of_chain(first, waits_for);
}

void Heartbeat::Pulse::tick() {
  clock_.tick(waiting_);
  for (Link& link : links_) {
    if (link.gone) continue;
    ++link.silence;
    if (silent_ > 0 && link.silence > silent_) decide({link.peer, Reason::silent, config_.rank});
    if (link.outgoing.empty()) say(link, {Word::beat, clock_.peer()});
  }
  if (clock_.too_long(late_)) {
    tick_late();
  } else {
    asked_ = 0;
  }
}

/// Rank 0 knows who waits for whom, unless it has no time for that itself.
void Heartbeat::Pulse::tick_late() {
  const bool alone = is_hub() || links_.empty() || links_.front().gone;
  if (alone) return decide({end_of_chain_from(clock_.peer()), Reason::late, config_.rank});
  if (asked_++ == 0) return say(links_.front(), {Word::late, clock_.peer()});
  if (asked_ <= kMissed) return;
  if (links_.front().silence >= kMissed) return decide({0, Reason::silent, config_.rank});
  decide({clock_.peer(), Reason::late, config_.rank});
}

void Heartbeat::Pulse::say_goodbye() {
  const int code = leaving_;
  for (Link& link : links_) {
    if (!link.gone) say(link, code == 0 ? Frame{Word::goodbye} : Frame{Word::failed, code, config_.rank});
  }
  flush_all();
}

void Heartbeat::Pulse::flush_all() {
  const auto end = Clock::now() + kPatienceOfFlush;
  const auto waits = [](const Link& link) { return !link.gone && !link.outgoing.empty(); };
  while (std::ranges::any_of(links_, waits) && Clock::now() < end) {
    for (Link& link : links_) flush(link);
    std::this_thread::sleep_for(milliseconds(5));
  }
}

void Heartbeat::Pulse::conclude() {
  const Verdict& verdict = *verdict_;
  const bool failed = verdict.failed_code != 0;
  // Rank 0 tells the others. It is told too: if it goes on after it was given up, it must not take those that have
  // ended for lost.
  const Frame news = failed ? Frame{Word::failed, verdict.failed_code, verdict.lost}
                            : Frame{Word::lost, verdict.lost, static_cast<int32_t>(verdict.reason), verdict.by};
  for (Link& link : links_) {
    if (!link.gone) say(link, news);
  }
  flush_all();
  const std::string words = line();
  std::this_thread::sleep_for(failed ? kGraceOfAbort : kGrace);
  end_(words, failed ? verdict.failed_code : 3);
}

std::string Heartbeat::Pulse::reason_words() const {
  switch (verdict_->reason) {
    case Reason::closed:
      return "its process has ended or its host is out of reach";
    case Reason::silent:
      return fmt::format("it has not answered for {:.0f} s", silent_ * config_.beat);
    case Reason::late:
      break;
  }
  const std::string who = verdict_->by == config_.rank ? "this rank" : fmt::format("rank {}", verdict_->by);
  return fmt::format("{} has waited beyond --timeout {:g}", who, config_.timeout);
}

std::string Heartbeat::Pulse::line() const {
  const std::string start = fmt::format("tersegraph: rank {}: ", config_.rank);
  if (verdict_->failed_code != 0) return fmt::format("{}ended, for rank {} has failed\n", start, verdict_->lost);
  const auto wait = Waiting::read(waiting_.word());
  const std::string own =
      wait ? fmt::format("this rank had been waiting {}", wait->words()) : "this rank was computing";
  if (verdict_->lost == config_.rank) {
    return fmt::format("{}given up by the other ranks ({}); {}\n", start, reason_words(), own);
  }
  return fmt::format("{}rank {} on host {} was lost ({}); {}\n", start, verdict_->lost, hosts_[verdict_->lost],
                     reason_words(), own);
}

Heartbeat::Heartbeat(const Config& config, ControlLinks links, const Waiting& waiting, End end)
    : pulse_(std::make_unique<Pulse>(config, std::move(links), waiting, std::move(end))) {}

Heartbeat::~Heartbeat() = default;

void Heartbeat::fail(int code) {
  pulse_->leave(code);
}

void Heartbeat::end_process(const std::string& line, int code) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
  std::this_thread::sleep_for(kGraceOfOthers);
  std::_Exit(code);
}

}  // namespace tersegraph
