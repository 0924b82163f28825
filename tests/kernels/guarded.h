#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/matrix.h"

namespace tersegraph {

/// A copy of a matrix that ends where its memory ends: one step beyond it is a segmentation fault.
class GuardedMatrix {
 public:
  explicit GuardedMatrix(ConstMatrixView from) : rows_(from.rows), cols_(from.cols) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t bytes = static_cast<size_t>(from.size()) * sizeof(float);
    mapped_ = (bytes + page - 1) / page * page + page;
    memory_ = static_cast<char*>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(memory_ + mapped_ - page, page, PROT_NONE);
    data_ = reinterpret_cast<float*>(memory_ + mapped_ - page - bytes);
    if (bytes > 0) std::memcpy(data_, from.data, bytes);
  }
  ~GuardedMatrix() { munmap(memory_, mapped_); }
  GuardedMatrix(const GuardedMatrix&) = delete;
  GuardedMatrix& operator=(const GuardedMatrix&) = delete;

  MatrixView view() const { return {data_, rows_, cols_}; }
  float* data() const { return data_; }

 private:
  int64_t rows_, cols_;
  size_t mapped_ = 0;
  char* memory_ = nullptr;
  float* data_ = nullptr;
};

}  // namespace tersegraph
