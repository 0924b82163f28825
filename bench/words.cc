#include "words.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/error.h"

namespace tersegraph {
namespace {

template <class Number>
Number parse(const std::string& key, const std::string& word) {
  Number number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) fail_input("{}={} is no number", key, word);
  return number;
}

}  // namespace

Words::Words(int argc, char** argv) {
  for (int i = 0; i < argc; ++i) {
    const std::string text = argv[i];
    const size_t equals = text.find('=');
    if (equals == std::string::npos) fail_input("\"{}\" is no key=value", text);
    values_[text.substr(0, equals)] = text.substr(equals + 1);
  }
}

std::string Words::text(const std::string& key, const std::string& fallback) const {
  const auto found = values_.find(key);
  return found == values_.end() ? fallback : found->second;
}

int64_t Words::number(const std::string& key, int64_t fallback) const {
  const auto found = values_.find(key);
  return found == values_.end() ? fallback : parse<int64_t>(key, found->second);
}

double Words::real(const std::string& key, double fallback) const {
  const auto found = values_.find(key);
  return found == values_.end() ? fallback : parse<double>(key, found->second);
}

std::vector<int64_t> Words::list(const std::string& key, const std::string& fallback) const {
  std::vector<int64_t> out;
  std::istringstream stream(text(key, fallback));
  for (std::string item; std::getline(stream, item, ',');) out.push_back(parse<int64_t>(key, item));
  return out;
}

void Words::allow_only(const std::vector<std::string_view>& keys) const {
  for (const auto& [key, value] : values_) {
    if (std::ranges::find(keys, key) == keys.end()) fail_input("{}: no such key", key);
  }
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace tersegraph
