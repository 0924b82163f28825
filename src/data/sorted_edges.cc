#include "data/sorted_edges.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "data/row_blocks.h"
#include "graph/graph.h"

namespace tersegraph {
namespace {

constexpr int64_t kBuckets = 256;
constexpr size_t kBuffer = 1 << 13;  // edges a bucket

template <class T>
void write(TemporaryFile& file, const std::vector<T>& values) {
  file.write(std::as_bytes(std::span(values)));
}

template <class T>
void read(const TemporaryFile& file, uint64_t first, std::span<T> out) {
  file.read(first * sizeof(T), std::as_writable_bytes(out));
}

}  // namespace

SortedEdges::SortedEdges(int64_t nodes, bool weighted)
    : nodes_(nodes),
      width_(nodes / kBuckets + 1),
      weighted_(weighted),
      buckets_(kBuckets),
      spilled_(std::make_unique<Spilled>()) {}

void SortedEdges::add(int64_t source, int64_t target, float weight) {
  Bucket& bucket = buckets_[source / width_];
  bucket.ends.push_back({static_cast<int32_t>(source), static_cast<int32_t>(target)});
  if (weighted_) bucket.weights.push_back(weight);
  if (bucket.ends.size() == kBuffer) spill(bucket);
}

void SortedEdges::spill(Bucket& bucket) {
  bucket.blocks.push_back({spilled_->ends.size() / sizeof(Ends), bucket.ends.size()});
  write(spilled_->ends, bucket.ends);
  write(spilled_->weights, bucket.weights);
  bucket.ends.clear();
  bucket.weights.clear();
}

/// The rows of a bucket's nodes, which ascend. Its edges are in memory, and then forgotten.
Csr SortedEdges::rows_of(int64_t number) {
  Bucket& bucket = buckets_[number];
  spill(bucket);
  size_t count = 0;
  for (const Block& block : bucket.blocks) count += block.count;
  std::vector<Ends> ends(count);
  std::vector<float> weights(weighted_ ? count : 0);
  size_t at = 0;
  for (const Block& block : bucket.blocks) {
    tersegraph::read(spilled_->ends, block.first, std::span(ends).subspan(at, block.count));
    if (weighted_) tersegraph::read(spilled_->weights, block.first, std::span(weights).subspan(at, block.count));
    at += block.count;
  }
  bucket = {};

  const int64_t first = first_node(number);
  Csr rows;
  rows.cols = nodes_;
  rows.indptr.assign(first_node(number + 1) - first + 1, 0);
  for (const Ends& edge : ends) ++rows.indptr[edge.source - first + 1];
  std::partial_sum(rows.indptr.begin(), rows.indptr.end(), rows.indptr.begin());
  rows.indices.resize(count);
  rows.values.resize(weights.size());
  std::vector<int64_t> next(rows.indptr.begin(), rows.indptr.end() - 1);
  for (size_t e = 0; e < count; ++e) {
    const int64_t to = next[ends[e].source - first]++;
    rows.indices[to] = ends[e].target;
    if (weighted_) rows.values[to] = weights[e];
  }
  sort_and_deduplicate_rows(rows);
  return rows;
}

void SortedEdges::sort() {
  indptr_.reserve(nodes_ + 1);
  for (int64_t number = 0; number < kBuckets; ++number) {
    const Csr rows = rows_of(number);
    const int64_t before = indptr_.back();
    for (int64_t i = 0; i < rows.rows(); ++i) indptr_.push_back(before + rows.indptr[i + 1]);
    write(columns_, rows.indices);
    write(weights_, rows.values);
  }
  spilled_.reset();
}

void SortedEdges::read(const DatasetRows::SeeSparse& see) const {
  std::vector<int32_t> columns;
  std::vector<float> weights;
  for_each_row_block(indptr_, [&](int64_t begin, int64_t end) {
    const auto first = static_cast<uint64_t>(indptr_[begin]);
    columns.resize(indptr_[end] - indptr_[begin]);
    weights.resize(weighted_ ? columns.size() : 0);
    tersegraph::read(columns_, first, std::span(columns));
    tersegraph::read(weights_, first, std::span(weights));
    see_rows(indptr_, begin, end, columns, weights, see);
  });
}

SortedEdges sort_both_ways(const DatasetRows& rows, bool weighted) {
  SortedEdges edges(rows.shape().nodes, weighted);
  rows.edges([&](int64_t u, std::span<const int32_t> targets, std::span<const float> weights) {
    for (size_t e = 0; e < targets.size(); ++e) edges.add_both(u, targets[e], weights.empty() ? 1.0f : weights[e]);
  });
  edges.sort();
  return edges;
}

}  // namespace tersegraph
