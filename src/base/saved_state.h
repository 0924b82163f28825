#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/byte_stream.h"

namespace tersegraph {

/// All that training has to know to go on as if it had never been interrupted: values under names, none of which
/// depends on how many ranks there were. Errors of reading: RunError for a part that is missing or of another size.
class SavedState {
 public:
  using Parts = std::map<std::string, std::vector<std::byte>>;

  const Parts& parts() const { return parts_; }
  bool has(const std::string& name) const { return parts_.contains(name); }

  void set_bytes(const std::string& name, std::vector<std::byte> bytes) { parts_[name] = std::move(bytes); }
  template <class T>
  void set_values(const std::string& name, const T* values, int64_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<std::byte>& bytes = parts_[name];
    bytes.clear();
    append_values(bytes, values, count);
  }
  template <class T>
  void set_values(const std::string& name, const std::vector<T>& values) {
    set_values(name, values.data(), std::ssize(values));
  }
  template <class T>
  void set(const std::string& name, T value) {
    set_values(name, &value, 1);
  }

  const std::vector<std::byte>& bytes(const std::string& name) const {
    const auto found = parts_.find(name);
    if (found == parts_.end()) fail_run("the checkpoint has no part '{}': it is of another kind of training", name);
    return found->second;
  }
  ByteReader reader(const std::string& name) const {
    return ByteReader(bytes(name), fmt::format("the checkpoint's part '{}' is too short", name));
  }
  /// Exactly as many as there is room for.
  template <class T>
  void read_values(const std::string& name, std::span<T> room) const {
    const std::vector<std::byte>& from = bytes(name);
    if (from.size() != room.size_bytes()) {
      fail_run("the checkpoint's part '{}' has {} bytes instead of {}: it is of another model or other data", name,
               from.size(), room.size_bytes());
    }
    if (!from.empty()) std::memcpy(room.data(), from.data(), from.size());
  }
  /// All there are.
  template <class T>
  std::vector<T> values(const std::string& name) const {
    std::vector<T> values(bytes(name).size() / sizeof(T));
    read_values(name, std::span(values));
    return values;
  }
  template <class T>
  T get(const std::string& name) const {
    T value{};
    read_values(name, std::span(&value, 1));
    return value;
  }

 private:
  Parts parts_;
};

}  // namespace tersegraph
