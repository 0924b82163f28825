#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tersegraph {

/// The distinct of many numbers, ascending, in the memory of twice as many as there are distinct ones.
class DistinctIds {
 public:
  void add(int64_t id) {
    fresh_.push_back(id);
    if (fresh_.size() >= std::max(kLeast, ids_.size())) merge();
  }
  void finish() { merge(); }

  const std::vector<int64_t>& ids() const { return ids_; }
  int64_t count() const { return std::ssize(ids_); }
  /// Whether they are 0..count-1, as far as none is negative.
  bool dense() const { return ids_.empty() || ids_.back() == count() - 1; }
  int64_t place(int64_t id) const { return std::lower_bound(ids_.begin(), ids_.end(), id) - ids_.begin(); }

 private:
  static constexpr size_t kLeast = 1 << 20;

  void merge() {
    const auto tidy = [](std::vector<int64_t>& ids, std::ptrdiff_t from) {
      std::sort(ids.begin() + from, ids.end());
      std::inplace_merge(ids.begin(), ids.begin() + from, ids.end());
      ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    };
    tidy(fresh_, 0);
    const std::ptrdiff_t before = std::ssize(ids_);
    ids_.insert(ids_.end(), fresh_.begin(), fresh_.end());
    tidy(ids_, before);
    fresh_.clear();
  }

  std::vector<int64_t> ids_, fresh_;
};

}  // namespace tersegraph
