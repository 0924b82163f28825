#pragma once

#include <cstdint>
#include <deque>
#include <vector>

namespace tersegraph {

/// Records with stable addresses, numbered and reused, so that a steady epoch allocates nothing.
template <class Record>
class Slots {
 public:
  int64_t take() {
    if (free_.empty()) {
      records_.emplace_back();
      free_.reserve(records_.size());
      return static_cast<int64_t>(records_.size()) - 1;
    }
    const int64_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void give_back(int64_t slot) { free_.push_back(slot); }
  Record& operator[](int64_t slot) { return records_[static_cast<size_t>(slot)]; }
  int64_t size() const { return static_cast<int64_t>(records_.size()); }

 private:
  std::deque<Record> records_;
  std::vector<int64_t> free_;
};

}  // namespace tersegraph
