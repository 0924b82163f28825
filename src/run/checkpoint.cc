#include "run/checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstdio>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file.h"
#include "run/run_directory.h"

namespace tersegraph {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "checkpoints are written as they lie in memory");

constexpr char kMagic[8] = {'T', 'S', 'G', 'C', 'K', 'P', 'T', '\n'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kHeaderBytes = 32;
constexpr size_t kKept = 2;
const std::string kPlacePart = "run/place";

struct Part {
  std::string name;
  uint64_t size = 0, sum = 0;
};

template <class T>
void append(std::vector<std::byte>& bytes, T value) {
  append_values(bytes, &value, 1);
}

/// Header and directory.
std::vector<std::byte> front_of(const SavedState& state) {
  std::vector<std::byte> directory;
  uint64_t payload = 0;
  for (const auto& [name, bytes] : state.parts()) {
    append(directory, static_cast<uint32_t>(name.size()));
    append_values(directory, name.data(), std::ssize(name));
    append(directory, static_cast<uint64_t>(bytes.size()));
    append(directory, checksum(bytes));
    payload += bytes.size();
  }
  std::vector<std::byte> front;
  append_values(front, kMagic, sizeof kMagic);
  append(front, kVersion);
  append(front, static_cast<uint32_t>(state.parts().size()));
  append(front, static_cast<uint64_t>(directory.size()));
  append(front, kHeaderBytes + directory.size() + payload + sizeof(uint64_t));
  append_values(front, directory.data(), std::ssize(directory));
  return front;
}

std::vector<Part> read_directory(std::span<const std::byte> bytes, uint32_t count, const std::string& damaged) {
  ByteReader reader(bytes, damaged);
  std::vector<Part> parts;
  for (uint32_t i = 0; i < count; ++i) {
    Part& part = parts.emplace_back();
    const auto length = reader.read<uint32_t>();
    if (length > reader.left()) reader.fail();
    part.name.resize(length);
    reader.read(part.name.data(), length);
    part.size = reader.read<uint64_t>();
    part.sum = reader.read<uint64_t>();
  }
  if (!reader.done()) reader.fail();
  return parts;
}

}  // namespace

void write_checkpoint(const std::string& path, const SavedState& state) {
  const std::vector<std::byte> front = front_of(state);
  const uint64_t sum = checksum(front);
  AtomicFile file(path);
  file.write(front);
  for (const auto& [name, bytes] : state.parts()) file.write(bytes);
  file.write(std::as_bytes(std::span(&sum, 1)));
  file.commit();
}

SavedState read_checkpoint(std::span<const std::byte> bytes, const std::string& name) {
  const std::string damaged = fmt::format("{} is damaged", name);
  ByteReader header(bytes, damaged);
  char magic[sizeof kMagic];
  header.read(magic, sizeof magic);
  if (!std::equal(magic, magic + sizeof magic, kMagic)) fail_run("{} is no checkpoint", name);
  const auto version = header.read<uint32_t>();
  if (version != kVersion) {
    fail_run("{} has version {} of the format; this program reads version {}", name, version, kVersion);
  }
  const auto count = header.read<uint32_t>();
  const auto directory_bytes = header.read<uint64_t>(), file_bytes = header.read<uint64_t>();
  if (file_bytes != bytes.size() || directory_bytes > header.left() || header.left() - directory_bytes < 8) {
    header.fail();
  }
  const uint64_t front_bytes = kHeaderBytes + directory_bytes;
  uint64_t sum = 0;
  std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
  if (sum != checksum(bytes.first(front_bytes))) header.fail();

  std::span<const std::byte> payload = bytes.subspan(front_bytes, bytes.size() - front_bytes - sizeof sum);
  SavedState state;
  for (const Part& part : read_directory(bytes.subspan(kHeaderBytes, directory_bytes), count, damaged)) {
    if (part.size > payload.size() || checksum(payload.first(part.size)) != part.sum) header.fail();
    state.set_bytes(part.name, {payload.begin(), payload.begin() + static_cast<int64_t>(part.size)});
    payload = payload.subspan(part.size);
  }
  if (!payload.empty()) header.fail();
  return state;
}

/// "epoch-000123.tsgc"; of later seeds "run-0002-epoch-000123.tsgc".
fs::path CheckpointFolder::file_of(CheckpointPlace place) const {
  const std::string run = place.run == 0 ? "" : fmt::format("run-{:04}-", place.run);
  return path_ / fmt::format("{}epoch-{:06}.tsgc", run, place.epoch);
}

/// Ascending.
std::vector<CheckpointPlace> CheckpointFolder::places() const {
  std::vector<CheckpointPlace> all;
  std::error_code error;
  for (fs::directory_iterator file(path_, error), end; !error && file != end; file.increment(error)) {
    const std::string name = file->path().filename().string();
    CheckpointPlace place;
    long long run = 0, epoch = 0;
    if (std::sscanf(name.c_str(), "run-%lld-epoch-%lld.tsgc", &run, &epoch) == 2 ||
        std::sscanf(name.c_str(), "epoch-%lld.tsgc", &epoch) == 1) {
      place = {run, epoch};
      if (file_of(place).filename() == name) all.push_back(place);
    }
  }
  std::ranges::sort(all);
  return all;
}

void CheckpointFolder::save(CheckpointPlace place, SavedState state) const {
  state.set(kPlacePart, place);
  std::error_code error;
  // The run directory itself was there once; when it has gone there is no use in another one.
  fs::create_directory(path_, error);
  try {
    write_checkpoint(file_of(place).string(), state);
  } catch (const InputError& cannot) {
    fail_run("{}", cannot.what());
  }
  std::vector<CheckpointPlace> all = places();
  std::erase_if(all, [&](CheckpointPlace other) { return other >= place; });
  for (size_t i = 0; i + kKept - 1 < all.size(); ++i) fs::remove(file_of(all[i]), error);
  remove_temporaries(path_);
}

std::optional<CheckpointFolder::Found> CheckpointFolder::newest(
    const std::function<void(const std::string&)>& damaged) const {
  std::vector<CheckpointPlace> all = places();
  for (; !all.empty(); all.pop_back()) {
    Found found{all.back(), file_of(all.back()).string(), {}};
    try {
      const InputFile file(found.path);
      found.bytes.resize(file.size());
      file.read(0, found.bytes);
      const auto place = read_checkpoint(found.bytes, found.path).get<CheckpointPlace>(kPlacePart);
      if (place != found.place) fail_run("{} is of epoch {} of run {}", found.path, place.epoch, place.run + 1);
      return found;
    } catch (const std::exception& error) {
      damaged(error.what());
    }
  }
  return std::nullopt;
}

}  // namespace tersegraph
