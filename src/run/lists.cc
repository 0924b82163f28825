#include "run/lists.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace tersegraph {

std::vector<double> parse_numbers(std::string_view words, std::string_view where, std::string_view takes) {
  std::vector<double> numbers;
  while (true) {
    const std::string_view word = words.substr(0, words.find(','));
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(number)) {
      fail_input("{} has '{}'; it takes {}", where, word, takes);
    }
    numbers.push_back(number);
    if (word.size() == words.size()) return numbers;
    words.remove_prefix(word.size() + 1);
  }
}

std::vector<int> parse_counts(std::string_view words, std::string_view where) {
  constexpr std::string_view kTakes = "counts from 1 on, like 2,5,10";
  std::vector<int> counts;
  for (const double number : parse_numbers(words, where, kTakes)) {
    if (number < 1 || number != std::floor(number) || number > std::numeric_limits<int>::max()) {
      fail_input("{} has {}; it takes {}", where, number, kTakes);
    }
    counts.push_back(static_cast<int>(number));
  }
  return counts;
}

}  // namespace tersegraph
