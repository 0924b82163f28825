// Damages the checkpoints of a run and messages of rows, thousands of times: every one has to be refused by a clear
// line, and of the checkpoints the older one, which is whole, has to be taken.
//
//     tests/faults/corruption [--trials 10000] [--seed 1]
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "data/npz_files.h"
#include "exchange/message.h"
#include "kernels/row_codec.h"
#include "run/checkpoint.h"
#include "run/fingerprint.h"
#include "tersegraph/tersegraph.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

using Bytes = std::string;

/// What was tried and what went wrong.
class Tally {
 public:
  void add(const std::string& kind, bool survived, std::string_view how) {
    auto& [tried, lost] = kinds_[kind];
    ++tried;
    if (survived) return;
    if (++lost <= 3) fmt::print("{}: {}\n", kind, how);
  }
  bool report(std::string_view what) const {
    int64_t tried = 0, lost = 0;
    for (const auto& [kind, counts] : kinds_) tried += counts.first, lost += counts.second;
    fmt::print("{}: {} tried, {} survived\n", what, tried, tried - lost);
    for (const auto& [kind, counts] : kinds_)
      fmt::print("  {}: {} of {}\n", kind, counts.first - counts.second, counts.first);
    return lost == 0;
  }

 private:
  std::map<std::string, std::pair<int64_t, int64_t>> kinds_;
};

/// Changes `bytes` in one of several ways, of which the name is returned. `other`: good bytes from elsewhere.
std::string damage(Bytes& bytes, const Bytes& other, Random& random) {
  const auto place = [&] { return random.below(std::ssize(bytes)); };
  const Bytes good = bytes;
  std::string kind;
  do {
    bytes = good;
    switch (random.below(8)) {
      case 0:
        kind = "one bit flipped";
        bytes[place()] ^= static_cast<char>(1 << random.below(8));
        break;
      case 1:
        kind = "some bits flipped";
        for (int64_t flips = 2 + random.below(30); flips > 0; --flips)
          bytes[place()] ^= static_cast<char>(1 << random.below(8));
        break;
      case 2:
        kind = "cut short";
        bytes.resize(place());
        break;
      case 3:
        kind = "appended to";
        for (int64_t more = 1 + random.below(100); more > 0; --more)
          bytes += static_cast<char>(random.below(3) == 0 ? random.bits() : 0);
        break;
      case 4: {
        kind = "a range zeroed";
        const int64_t begin = place();
        std::fill_n(bytes.begin() + begin, random.below(std::ssize(bytes) - begin) + 1, '\0');
        break;
      }
      case 5: {
        kind = "two ranges swapped";
        const int64_t count = 1 + random.below(std::min<int64_t>(512, std::ssize(bytes) / 2));
        const int64_t first = random.below(std::ssize(bytes) - 2 * count + 1);
        const int64_t second = first + count + random.below(std::ssize(bytes) - first - 2 * count + 1);
        std::swap_ranges(bytes.begin() + first, bytes.begin() + first + count, bytes.begin() + second);
        break;
      }
      case 6: {
        kind = "a range of another";
        const int64_t length = std::min(std::ssize(bytes), std::ssize(other)), begin = random.below(length);
        std::copy_n(other.begin() + begin, 1 + random.below(length - begin), bytes.begin() + begin);
        break;
      }
      default:
        kind = "another one";
        bytes = other;
    }
  } while (bytes == good);
  return kind;
}

RunConfig config_of(const std::string& out, int64_t seed) {
  RunConfig config;
  config.data = "sbm:nodes=300,edges=1500,features=12,classes=3,seed=3";
  config.model = "sage";
  config.layers = 2, config.hidden = 16, config.epochs = 6, config.checkpoint_every = 1;
  config.ranks = 2, config.threads = 1, config.seed = seed;
  config.out = out;
  config.quiet = true;
  return config;
}

std::vector<fs::path> checkpoints_of(const fs::path& run) {
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(run / "checkpoint")) files.push_back(file.path());
  std::ranges::sort(files);
  if (files.size() != 2) fail_run("{} has {} checkpoints, and two were expected", run.string(), files.size());
  return files;
}

bool is_clear(const std::string& words) {
  return !words.empty() && words.find('\n') == std::string::npos;
}

bool damage_checkpoints(int64_t trials, int64_t seed) {
  const testing::TemporaryFolder folder;
  for (const int64_t s : {0, 1}) run_training(config_of(folder.file(fmt::format("run-{}", s)), s));
  const auto files = checkpoints_of(folder.file("run-0")), foreign = checkpoints_of(folder.file("run-1"));
  const Bytes older = testing::read_bytes(files[0]), newest = testing::read_bytes(files[1]);
  const CheckpointFolder checkpoints(folder.file("run-0/checkpoint"));
  const CheckpointPlace good = checkpoints.newest([](const std::string&) {})->place;

  // A whole checkpoint of another run under this one's name is told by its fingerprint.
  const auto fingerprint = [](const Bytes& bytes) {
    const auto text = read_checkpoint(std::as_bytes(std::span(bytes)), "a").values<char>("run/fingerprint");
    return Fingerprint::parse({text.begin(), text.end()});
  };
  Tally tally;
  tally.add("a file of another run",
            difference(fingerprint(testing::read_bytes(foreign[1])), fingerprint(newest)).has_value(),
            "has the same fingerprint");

  Random random(static_cast<uint64_t>(seed), Purpose::shuffle);
  for (int64_t trial = 0; trial < trials; ++trial) {
    Bytes bytes = newest;
    const std::string kind = damage(bytes, older, random);
    std::ofstream(files[1], std::ios::binary) << bytes;
    std::vector<std::string> words;
    const auto found = checkpoints.newest([&](const std::string& error) { words.push_back(error); });
    const bool taken = found && found->place.epoch == good.epoch - 1 &&
                       Bytes(reinterpret_cast<const char*>(found->bytes.data()), found->bytes.size()) == older;
    tally.add(kind, taken && words.size() == 1 && is_clear(words[0]),
              !found   ? "no checkpoint was found"
              : !taken ? "a damaged checkpoint was taken"
                       : "nothing was said");
  }
  return tally.report("checkpoints");
}

struct Sealed {
  std::vector<uint8_t> widths;
  int64_t cols = 0;
  Bytes bytes;

  MessageLayout layout() const { return MessageLayout(widths, cols); }
};

constexpr uint32_t kSequence = 9;

/// Random rows of random widths, encoded and sealed as an exchange does it.
Sealed random_message(Random& random) {
  Sealed sealed;
  sealed.cols = 1 + random.below(100);
  constexpr uint8_t kWidths[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 32};
  sealed.widths.resize(1 + random.below(40));
  for (uint8_t& width : sealed.widths) width = kWidths[random.below(std::size(kWidths))];
  sealed.widths[0] = 4;  // a message of nothing is not sent
  const MessageLayout layout = sealed.layout();

  Matrix x(layout.rows(), sealed.cols);
  for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.below(2000) - 900) / 64;
  Csr gather;
  gather.cols = layout.rows();
  std::vector<int64_t> offsets, ids;
  int64_t offset = 0;
  for (int64_t k = 0; k < layout.rows(); ++k) {
    gather.indices.push_back(static_cast<int32_t>(k));
    gather.indptr.push_back(k + 1);
    offsets.push_back(offset), ids.push_back(k);
    offset += payload_bytes(sealed.widths[k], sealed.cols);
  }
  std::vector<RowParams> params(sealed.widths.size());
  std::vector<std::byte> message(layout.capacity());
  encode_rows(gather, x, ids.data(), StreamKey(random.bits(), Purpose::rounding, {}, 0, 0),
              {sealed.widths.data(), offsets.data(), message.data() + layout.payload_offset(), params.data()});
  const int64_t length = seal_message(layout, kSequence, params.data(), message.data());
  sealed.bytes.assign(reinterpret_cast<const char*>(message.data()), static_cast<size_t>(length));
  return sealed;
}

/// The words by which the message was refused; empty where it was taken.
std::string refusal(const Sealed& sealed, const Bytes& bytes) {
  std::vector<EncodedRow> rows(sealed.widths.size());
  try {
    open_message(sealed.layout(), kSequence, 1, std::as_bytes(std::span(bytes)), rows.data());
  } catch (const RunError& error) {
    return error.what();
  }
  return "";
}

bool damage_messages(int64_t trials, int64_t seed) {
  Tally tally;
  Random random(static_cast<uint64_t>(seed), Purpose::shuffle);
  Sealed before = random_message(random);
  for (int64_t trial = 0; trial < trials; ++trial) {
    const Sealed sealed = random_message(random);
    if (!refusal(sealed, sealed.bytes).empty())
      fail_run("a good message was refused: {}", refusal(sealed, sealed.bytes));
    Bytes bytes = sealed.bytes;
    const std::string kind = damage(bytes, before.bytes, random);
    tally.add(kind, is_clear(refusal(sealed, bytes)), "a damaged message was taken");
    before = sealed;
  }
  return tally.report("messages");
}

}  // namespace
}  // namespace tersegraph

int main(int argc, char** argv) {
  int64_t trials = 10000, seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    (std::string_view(argv[i]) == "--trials" ? trials : seed) = std::atoll(argv[i + 1]);
  }
  try {
    const bool checkpoints = tersegraph::damage_checkpoints(trials, seed);
    return tersegraph::damage_messages(trials, seed) && checkpoints ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
