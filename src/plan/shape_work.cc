#include "plan/shape_work.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "exchange/message.h"
#include "nn/gnn_model.h"
#include "train/epoch_loop.h"
#include "train/input_order.h"

namespace tersegraph {
namespace {

constexpr std::string_view kPrefix = "shape:";
// Bytes of all that is planned for the largest stay below 2^63.
constexpr double kMostNodes = 1e11, kMostEdges = 1e12, kMostColumns = 1e6;

double read_number(std::string_view pair, size_t equals, double most) {
  const std::string_view word = pair.substr(equals + 1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !(value > 0 && value <= most)) {
    fail_input("shape: '{}' must be a positive number of at most {:g}", pair, most);
  }
  return value;
}

int64_t share_of(int64_t count, int ranks) {
  return std::max<int64_t>(1, (count + ranks - 1) / ranks);
}

/// An exchange between ranks that are alike, as rank 0 sees it.
HaloWork alike(int layer, bool backward, int64_t cols, int64_t rows_a_peer, int64_t entries, int ranks) {
  HaloWork work{.layer = layer, .backward = backward, .cols = cols};
  work.rows_to.assign(ranks, rows_a_peer);
  work.rows_to[0] = 0;
  work.rows_from = work.rows_to;
  work.gathered = backward ? entries : work.rows_sent();
  work.scattered = backward ? work.rows_sent() : entries;
  return work;
}

ReuseHistogram usual_reuse(int64_t rows) {
  ReuseHistogram reuse{};
  const int last = std::max(6, static_cast<int>(std::bit_width(static_cast<uint64_t>(rows))) - 1);
  for (int k = 6; k <= last; ++k) reuse[k] = 1;
  return reuse;
}

}  // namespace

bool is_shape(std::string_view words) {
  return words.starts_with(kPrefix);
}

ShapeSpec parse_shape(std::string_view words) {
  ShapeSpec spec;
  spec.shape.name = words;
  struct Count {
    std::string_view key;
    double most;
    int64_t* target;
  };
  const Count counts[] = {{"nodes", kMostNodes, &spec.shape.nodes},
                          {"edges", kMostEdges, &spec.shape.edges},
                          {"features", kMostColumns, &spec.shape.features},
                          {"classes", kMostColumns, &spec.shape.outputs},
                          {"train", kMostNodes, &spec.train}};
  words.remove_prefix(kPrefix.size());
  while (!words.empty()) {
    const std::string_view pair = words.substr(0, words.find(','));
    words.remove_prefix(std::min(words.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) fail_input("shape: '{}' is no key=value", pair);
    const std::string_view key = pair.substr(0, equals);
    if (key == "halo") {
      spec.halo = read_number(pair, equals, kMostColumns);
      continue;
    }
    const auto found = std::ranges::find(counts, key, &Count::key);
    if (found == std::end(counts)) {
      fail_input("shape: '{}' is not known; it takes nodes, edges, features, classes, train and halo", key);
    }
    *found->target = std::llround(read_number(pair, equals, found->most));
  }
  const DatasetShape& shape = spec.shape;
  if (shape.nodes == 0 || shape.edges == 0 || shape.features == 0 || shape.outputs == 0) {
    fail_input("{} needs nodes, edges, features and classes: shape:nodes=1000,edges=9000,features=64,classes=8",
               shape.name);
  }
  spec.shape.feature_entries = shape.nodes * shape.features;
  return spec;
}

double halo_rows_a_node(double degree, int ranks) {
  if (ranks == 1) return 0;
  const double fitted = 0.053 * std::pow(degree, 0.575) * std::pow(ranks - 1.0, 0.642);
  return std::min({fitted, degree, ranks - 1.0});
}

std::vector<RankWork> shape_work(const ShapeSpec& spec, const FullGraphConfig& config, int ranks) {
  const DatasetShape& shape = spec.shape;
  const double degree = static_cast<double>(shape.edges) / static_cast<double>(shape.nodes);
  const double halo_a_node = spec.halo > 0 ? std::min(spec.halo, ranks - 1.0) : halo_rows_a_node(degree, ranks);
  const auto halo = static_cast<int64_t>(halo_a_node * static_cast<double>(shape.nodes) / ranks);
  const int64_t entries = share_of(shape.edges + shape.nodes, ranks);
  const int64_t remote =
      std::min(entries, static_cast<int64_t>(static_cast<double>(halo) * std::max(1.0, degree / 6.5)));

  Parameters parameters;
  const ConvOrder order =
      choose_input_order(input_facts(shape, shape.edges + shape.nodes, config, halo * ranks, ranks), config);
  const GnnModel model(config.model, shape.features, shape.outputs, order, false, parameters);
  RankWork work{.owned = share_of(shape.nodes, ranks), .halo = halo, .parameters = parameters.size()};
  work.gradient_sums = model.gradient_sums(work.owned, false);
  work.told_cols = EpochLoop::told_columns(config.gather_outputs, shape.task, shape.outputs);
  work.reuse = usual_reuse(work.owned);
  const double central = static_cast<double>(entries - remote) / static_cast<double>(entries);
  const int64_t a_peer = ranks > 1 ? (halo + ranks - 2) / (ranks - 1) : 0;
  for (int l = 0; l < model.layers(); ++l) {
    const GraphConv& conv = model.conv(l);
    work.layers.push_back({conv, work.owned, work.owned, entries - remote, entries - remote, central});
    if (ranks == 1 || !sends_forward(conv)) continue;
    work.exchanges.push_back(alike(l, false, conv.message_cols(), a_peer, remote, ranks));
  }
  work.evaluation = work.exchanges;
  for (int l = model.layers() - 1; l >= 0 && ranks > 1; --l) {
    const GraphConv& conv = model.conv(l);
    if (!sends_backward(conv, l)) continue;
    work.exchanges.push_back(alike(l, true, conv.message_cols(), a_peer, remote, ranks));
  }
  if (order == ConvOrder::aggregated_input && a_peer > 0) {
    work.layer0_bytes = (ranks - 1) * MessageLayout(a_peer, shape.features, 32).extension_offset();
  }
  std::vector<RankWork> all(ranks, work);
  for (int r = 1; r < ranks; ++r) {
    for (auto* exchanges : {&all[r].exchanges, &all[r].evaluation}) {
      for (HaloWork& halo_work : *exchanges) {
        for (auto* rows : {&halo_work.rows_to, &halo_work.rows_from}) std::swap((*rows)[0], (*rows)[r]);
      }
    }
  }
  return all;
}

}  // namespace tersegraph
