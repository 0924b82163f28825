#include "comm/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>

#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr int kTag = kFirstFreeTag + 18;
constexpr size_t kLargePage = size_t{2} << 20;

/// Where the others find the memory. The mark stands at its start, so that none takes another's for it.
struct Place {
  int64_t process = 0, file = -1;
  uint64_t bytes = 0, mark = 0;
};

class File {
 public:
  explicit File(int number) : number_(number) {}
  ~File() {
    if (number_ >= 0) close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

uint64_t random_mark() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

[[noreturn]] void fail_for_lack_of(size_t bytes) {
  fail_run("{} MiB of memory for the ranks of this host to share cannot be had: {}; free memory, or use --intra same",
           bytes >> 20, std::strerror(errno));
}

}  // namespace

std::byte* SharedMemory::reserve(size_t bytes) {
  if (bytes <= size_) return data_;
  release();
  if (channel_.rank() == 0) {
    create((bytes + kLargePage - 1) / kLargePage * kLargePage);
  } else {
    join();
  }
  return data_;
}

/// A file without a name: nothing is left behind however the ranks end. It stays open until all have it.
void SharedMemory::create(size_t bytes) {
  const File file(memfd_create("tersegraph", MFD_CLOEXEC));
  if (file.number() < 0 || ftruncate(file.number(), static_cast<off_t>(bytes)) != 0) fail_for_lack_of(bytes);
  map(file.number(), bytes);
  const Place place{getpid(), file.number(), bytes, random_mark()};
  std::memcpy(data_, &place.mark, sizeof place.mark);
  for (int mate = 1; mate < channel_.size(); ++mate) {
    channel_.wait(Traffic::setup, channel_.send(Traffic::setup, mate, kTag, std::as_bytes(std::span(&place, 1))));
  }
  barrier(channel_);
}

void SharedMemory::join() {
  Place place;
  channel_.wait(Traffic::setup, channel_.receive(0, kTag, std::as_writable_bytes(std::span(&place, 1))));
  const File file(open(fmt::format("/proc/{}/fd/{}", place.process, place.file).c_str(), O_RDWR | O_CLOEXEC));
  struct stat facts {};
  const bool opened = file.number() >= 0 && fstat(file.number(), &facts) == 0;
  if (opened && static_cast<uint64_t>(facts.st_size) == place.bytes) map(file.number(), place.bytes);
  if (data_ == nullptr || std::memcmp(data_, &place.mark, sizeof place.mark) != 0) {
    fail_run(
        "the ranks of this host do not reach each other's memory (process {}): run them in one container and as one "
        "user, or use --intra same",
        place.process);
  }
  barrier(channel_);
}

void SharedMemory::map(int file, size_t bytes) {
  void* const start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
  if (start == MAP_FAILED) fail_for_lack_of(bytes);
  data_ = static_cast<std::byte*>(start);
  size_ = bytes;
}

void SharedMemory::release() {
  if (data_ != nullptr) munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

}  // namespace tersegraph
