#include "run/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "run/units.h"

namespace tersegraph {
namespace {

constexpr double kSecondsBetweenDraws = 0.1;
constexpr int kBarWidth = 20;

}  // namespace

int terminal_width(std::FILE* stream) {
  winsize size{};
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string progress_line(const std::string& title, double fraction, const std::string& facts, int width) {
  const int filled = static_cast<int>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
  const std::string bar = std::string(filled, '#') + std::string(kBarWidth - filled, '.');
  return fmt::format("{}[{}] {}", title, bar, facts).substr(0, static_cast<size_t>(width));
}

ProgressBar::ProgressBar(std::FILE* stream, int64_t epochs, std::string title)
    : stream_(stream), terminal_(isatty(fileno(stream)) == 1), epochs_(epochs), title_(std::move(title)) {}

void ProgressBar::show(const EpochMetrics& metrics) {
  for (const auto& [kind, bytes] : metrics.bytes) bytes_ += bytes;
  if (metrics.val_accuracy) val_score_ = fmt::format(", val {:.4f}", *metrics.val_accuracy);
  const bool last = metrics.epoch >= epochs_;
  if (!terminal_ || (drawn_ && !last && since_drawn_.seconds() < kSecondsBetweenDraws)) return;

  const double done = static_cast<double>(metrics.epoch) / static_cast<double>(epochs_);
  const double left = since_start_.seconds() * (1 - done) / done;
  const std::string facts =
      fmt::format("epoch {}/{}, loss {:.4f}{}, {} sent, {} left", metrics.epoch, epochs_, metrics.train_loss,
                  val_score_, format_bytes(static_cast<double>(bytes_)), format_seconds(left));
  // The last column stays free: some terminals wrap once it is written.
  fmt::print(stream_, "\r{}\x1b[K", progress_line(title_, done, facts, terminal_width(stream_) - 1));
  std::fflush(stream_);
  since_drawn_.restart();
  drawn_ = true;
}

void ProgressBar::clear() {
  if (!drawn_) return;
  fmt::print(stream_, "\r\x1b[K");
  std::fflush(stream_);
  drawn_ = false;
}

}  // namespace tersegraph
