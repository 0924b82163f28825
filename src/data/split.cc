#include "data/split.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "data/validate.h"

namespace tersegraph {
namespace {

constexpr std::string_view kPerClass = "per-class:";

/// Three numbers with commas between them, each at least 0.
template <class Number>
std::vector<Number> parse_three(std::string_view words, const std::string& spec) {
  std::vector<Number> numbers;
  for (bool more = true; more;) {
    const size_t comma = words.find(',');
    more = comma != std::string_view::npos;
    const std::string_view word = words.substr(0, comma);
    Number number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() || !(number >= 0)) {
      fail_input("split '{}': '{}' is no number from 0 up", spec, word);
    }
    numbers.push_back(number);
    if (more) words.remove_prefix(comma + 1);
  }
  if (numbers.size() != 3) {
    fail_input("split '{}': needs three numbers (train,val,test), not {}", spec, numbers.size());
  }
  return numbers;
}

std::vector<int64_t> shuffled_labelled_nodes(const Dataset& dataset, uint64_t seed) {
  std::vector<int64_t> nodes;
  for (int64_t v = 0; v < dataset.nodes(); ++v) {
    if (dataset.labels.labelled(v)) nodes.push_back(v);
  }
  if (nodes.empty()) fail_input("dataset '{}': has no labels to split", dataset.name);
  Random random(seed, Purpose::split);
  for (int64_t i = std::ssize(nodes) - 1; i > 0; --i) std::swap(nodes[i], nodes[random.below(i + 1)]);
  return nodes;
}

/// nodes[begin .. end), ascending.
std::vector<int64_t> ascending(const std::vector<int64_t>& nodes, int64_t begin, int64_t end) {
  std::vector<int64_t> set(nodes.begin() + begin, nodes.begin() + end);
  std::sort(set.begin(), set.end());
  return set;
}

Split split_by_shares(const Dataset& dataset, const std::string& spec, uint64_t seed) {
  const std::vector<double> shares = parse_three<double>(spec, spec);
  // Decimal shares such as 0.6, 0.3, 0.1 add up to a little more than 1.
  constexpr double kRounding = 1e-9;
  if (!(shares[0] + shares[1] + shares[2] <= 1 + kRounding)) fail_input("split '{}': the shares exceed 1", spec);
  const std::vector<int64_t> nodes = shuffled_labelled_nodes(dataset, seed);
  const auto up_to = [&](double share) {
    return std::min<int64_t>(std::llround(share * static_cast<double>(nodes.size())), std::ssize(nodes));
  };
  const int64_t train = up_to(shares[0]), val = up_to(shares[0] + shares[1]);
  const int64_t test = up_to(shares[0] + shares[1] + shares[2]);
  return {ascending(nodes, 0, train), ascending(nodes, train, val), ascending(nodes, val, test)};
}

Split split_per_class(const Dataset& dataset, const std::string& spec, uint64_t seed) {
  const std::vector<int64_t> counts = parse_three<int64_t>(std::string_view(spec).substr(kPerClass.size()), spec);
  if (dataset.labels.task != Task::multiclass) {
    fail_input("split '{}': nodes of dataset '{}' do not have one class each; give shares (0.6,0.2,0.2)", spec,
               dataset.name);
  }
  std::vector<int64_t> taken(dataset.labels.outputs, 0), train, rest;
  for (const int64_t v : shuffled_labelled_nodes(dataset, seed)) {
    int64_t& of_class = taken[dataset.labels.classes[v]];
    (of_class < counts[0] ? train : rest).push_back(v);
    of_class += of_class < counts[0];
  }
  for (size_t c = 0; c < taken.size(); ++c) {
    if (taken[c] == 0 || taken[c] == counts[0]) continue;
    fail_input("split '{}': class {} has {} labelled nodes; ask for that many a class at most", spec, c, taken[c]);
  }
  if (counts[1] > std::ssize(rest) || counts[2] > std::ssize(rest) - counts[1]) {
    fail_input("split '{}': {} nodes remain after training, fewer than val and test ask for", spec, rest.size());
  }
  return {ascending(train, 0, std::ssize(train)), ascending(rest, 0, counts[1]),
          ascending(rest, counts[1], counts[1] + counts[2])};
}

Split own_split(const Dataset& dataset, int index) {
  const int64_t count = std::ssize(dataset.splits);
  if (count == 0) {
    fail_input("dataset '{}': comes without a split; give one, for example --split 0.6,0.2,0.2", dataset.name);
  }
  if (index < 0 || index >= count) {
    fail_input("dataset '{}': has splits 0..{}, no split {}", dataset.name, count - 1, index);
  }
  const Split& split = dataset.splits[index];
  validate_split(dataset, split, fmt::format("dataset '{}': split {}", dataset.name, index));
  return split;
}

}  // namespace

Split choose_split(const Dataset& dataset, const std::string& spec, int index, uint64_t seed) {
  const bool own = spec.empty() || spec == "public";
  Split split = own                           ? own_split(dataset, index)
                : spec.starts_with(kPerClass) ? split_per_class(dataset, spec, seed)
                                              : split_by_shares(dataset, spec, seed);
  if (split.train.empty()) {
    fail_input("dataset '{}': split '{}' has no training node; give it a larger share", dataset.name,
               own ? "public" : spec);
  }
  return split;
}

}  // namespace tersegraph
