#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tersegraph {

/// What a benchmark is told: key=value, in any order. Errors: InputError.
class Words {
 public:
  Words(int argc, char** argv);
  std::string text(const std::string& key, const std::string& fallback) const;
  int64_t number(const std::string& key, int64_t fallback) const;
  double real(const std::string& key, double fallback) const;
  std::vector<int64_t> list(const std::string& key, const std::string& fallback) const;

  /// InputError for a key that is not in `keys`.
  void allow_only(const std::vector<std::string_view>& keys) const;

 private:
  std::map<std::string, std::string> values_;
};

double median(std::vector<double> values);

}  // namespace tersegraph
