#include "data/synthetic.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "data/memory_limit.h"
#include "data/split.h"
#include "graph/generators.h"

namespace tersegraph {
namespace {

constexpr std::string_view kPrefix = "sbm:";
constexpr int64_t kMostNodes = std::numeric_limits<int32_t>::max();
constexpr int64_t kMostEdges = int64_t{1} << 48;
constexpr int64_t kMostFeatures = 1 << 20;

struct Spec {
  SbmSpec graph;
  int64_t features = 64;
  double separation = 0.35;
  std::string split = "0.5,0.2,0.3";
};

template <class Number>
Number parse_number(std::string_view key, std::string_view word, Number least, Number most) {
  Number number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size() || !(number >= least && number <= most)) {
    fail_input("sbm: {}={} must be a number between {} and {}", key, word, least, most);
  }
  return number;
}

Spec parse_spec(std::string_view words) {
  Spec spec;
  std::set<std::string_view> given;
  while (!words.empty()) {
    const std::string_view pair = words.substr(0, words.find(','));
    words.remove_prefix(std::min(words.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) fail_input("sbm: '{}' is no key=value", pair);
    const std::string_view key = pair.substr(0, equals), word = pair.substr(equals + 1);
    if (!given.insert(key).second) fail_input("sbm: {} is given twice", key);
    if (key == "nodes") {
      spec.graph.nodes = parse_number<int64_t>(key, word, 1, kMostNodes);
    } else if (key == "edges") {
      spec.graph.edges = parse_number<int64_t>(key, word, 0, kMostEdges);
    } else if (key == "features") {
      spec.features = parse_number<int64_t>(key, word, 1, kMostFeatures);
    } else if (key == "classes") {
      spec.graph.classes = parse_number<int64_t>(key, word, 1, kMostNodes);
    } else if (key == "seed") {
      spec.graph.seed = parse_number<uint64_t>(key, word, 0, std::numeric_limits<uint64_t>::max());
    } else if (key == "homophily") {
      spec.graph.homophily = parse_number<double>(key, word, 0, 1);
    } else if (key == "exponent") {
      spec.graph.exponent = parse_number<double>(key, word, 0.1, 100);
    } else if (key == "separation") {
      spec.separation = parse_number<double>(key, word, 0, 1000);
    } else if (key == "split") {
      spec.split = word;
      std::replace(spec.split.begin(), spec.split.end(), '/', ',');
    } else {
      fail_input(
          "sbm: '{}' is not known; known are nodes, edges, features, classes, seed, homophily, exponent, separation, "
          "split",
          key);
    }
  }
  constexpr int64_t kEdgesPerNode = 10;
  if (!given.contains("edges")) spec.graph.edges = kEdgesPerNode * spec.graph.nodes;
  return spec;
}

/// Normal noise around normal class centres. Every number is a function of the seed, the node (or class) and the
/// column.
Matrix draw_features(const Spec& spec, const std::vector<int32_t>& classes) {
  enum Stream : int64_t { kCentres = 1, kNoise };
  const auto normals = [&](Stream stream, int64_t row) {
    StreamKey key;
    key.value = StreamKey(spec.graph.seed, Purpose::features, {}, 0, stream).row(row);
    return key;
  };
  Matrix centres(spec.graph.classes, spec.features);
  for (int64_t c = 0; c < centres.rows(); ++c) {
    const StreamKey key = normals(kCentres, c);
    for (int64_t j = 0; j < centres.cols(); ++j) {
      centres(c, j) = static_cast<float>(spec.separation * normal_from_bits(key.row(j)));
    }
  }
  Matrix features(spec.graph.nodes, spec.features);
  constexpr int64_t kBlock = 256;
  parallel_blocks(features.rows(), kBlock, [&](int64_t begin, int64_t end) {
    for (int64_t v = begin; v < end; ++v) {
      const StreamKey key = normals(kNoise, v);
      for (int64_t j = 0; j < features.cols(); ++j) {
        features(v, j) = centres(classes[v], j) + static_cast<float>(normal_from_bits(key.row(j)));
      }
    }
  });
  return features;
}

}  // namespace

bool is_synthetic(const std::string& data) {
  return data.starts_with(kPrefix);
}

Dataset synthetic_dataset(const std::string& words) {
  const Spec spec = parse_spec(std::string_view(words).substr(kPrefix.size()));
  const auto bytes = [](int64_t count, uint64_t each) { return static_cast<uint64_t>(count) * each; };
  check_fits_in_memory(bytes(spec.graph.nodes, 16) + bytes(spec.graph.edges, 8) +
                           bytes((spec.graph.nodes + spec.graph.classes) * spec.features, 4),
                       words);
  Dataset dataset;
  dataset.name = "sbm";
  dataset.format = "generated";
  SbmGraph generated = generate_sbm(spec.graph);
  dataset.graph = std::move(generated.graph);
  dataset.labels.outputs = spec.graph.classes;
  dataset.labels.classes = std::move(generated.classes);
  dataset.features.dense = draw_features(spec, dataset.labels.classes);
  dataset.splits.push_back(choose_split(dataset, spec.split, 0, spec.graph.seed));
  return dataset;
}

}  // namespace tersegraph
