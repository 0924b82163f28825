// What a pipeline saves of its layers, and how it becomes what was saved.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "admm/layer_pipeline.h"
#include "admm/low_rank.h"
#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr int kStateTag = kFirstFreeTag + 3;  // of no layer's messages

using Bytes = std::vector<std::byte>;

std::string part_name(int layer) {
  return fmt::format("layers/{:04}", layer);
}

/// The variables that have a row a column, in the order in which a part holds them. The first layer's p is X, and a
/// factor of it is computed anew.
std::vector<Matrix*> variables(LayerBlock& block) {
  std::vector<Matrix*> all = {&block.z};
  if (!block.first) all.push_back(&block.p);
  if (!block.last) all.insert(all.end(), {&block.q, &block.u});
  return all;
}

/// Bytes of a row of each of them.
std::vector<int64_t> row_bytes(const LayerBlock& block) {
  std::vector<int64_t> all = {block.out};
  if (!block.first) all.push_back(block.in);
  if (!block.last) all.insert(all.end(), {block.out, block.out});
  for (int64_t& width : all) width *= static_cast<int64_t>(sizeof(float));
  return all;
}

std::vector<Matrix*> implied_variables(LayerBlock& block) {
  return {&block.work.centred_p, &block.work.centred_z, &block.work.gram};
}

void append(Bytes& bytes, const std::vector<Matrix*>& matrices) {
  for (const Matrix* x : matrices) append_values(bytes, x->data(), x->size());
}

/// The part of a layer; of a further shard what it alone has.
Bytes pack(LayerBlock& block, int shard) {
  Bytes bytes;
  if (shard == 0) {
    form_w(block);
    const uint8_t implied = block.w_is_implied ? 1 : 0;
    append_values(bytes, &implied, 1);
    const float steps[] = {block.work.tau, block.work.theta};
    append_values(bytes, steps, 2);
    append(bytes, {&block.w, &block.b});
  }
  append(bytes, variables(block));
  if (block.w_is_implied) append(bytes, implied_variables(block));
  return bytes;
}

/// The part of a layer from what its shards have packed, of so many columns.
Bytes join(const std::vector<Bytes>& packed, const std::vector<int64_t>& columns,
           const std::vector<int64_t>& row_bytes) {
  std::vector<std::span<const std::byte>> left(packed.begin(), packed.end());
  const int64_t row = std::accumulate(row_bytes.begin(), row_bytes.end(), int64_t{0});
  const int64_t head = std::ssize(packed[0]) - row * columns[0];
  for (size_t shard = 0; shard < packed.size(); ++shard) {
    const int64_t before = shard == 0 ? std::max(head, int64_t{0}) : 0;
    if (std::ssize(packed[shard]) != before + row * columns[shard]) fail_run("shard {} of a layer is malformed", shard);
  }
  Bytes whole(packed[0].begin(), packed[0].begin() + head);
  left[0] = left[0].subspan(static_cast<size_t>(head));
  for (const int64_t bytes : row_bytes) {
    for (size_t shard = 0; shard < left.size(); ++shard) {
      const auto rows = left[shard].first(static_cast<size_t>(bytes * columns[shard]));
      whole.insert(whole.end(), rows.begin(), rows.end());
      left[shard] = left[shard].subspan(rows.size());
    }
  }
  return whole;
}

/// Of a variable with `columns` rows those from `begin` on.
void read_rows(ByteReader& bytes, int64_t begin, int64_t columns, Matrix& x) {
  bytes.skip(begin * x.cols() * sizeof(float));
  bytes.read(x.data(), x.size());
  bytes.skip((columns - begin - x.rows()) * x.cols() * sizeof(float));
}

/// What an implied W is made of serves those alone that have all columns: others go on from W.
void unpack(ByteReader bytes, const ColumnShards& columns, LayerBlock& block) {
  const bool implied = bytes.read<uint8_t>() != 0;
  bytes.read(&block.work.tau, 1);
  bytes.read(&block.work.theta, 1);
  for (Matrix* x : {&block.w, &block.b}) bytes.read(x->data(), x->size());
  for (Matrix* x : variables(block)) read_rows(bytes, columns.begin(), columns.all_columns(), *x);
  block.w_is_implied = implied && block.shards == nullptr;
  if (block.w_is_implied) {
    if (!low_rank_pays(block)) bytes.fail();
    for (Matrix* x : {&block.work.centred_p, &block.work.centred_z}) x->reshape(block.columns(), block.in);
    block.work.gram.reshape(block.columns(), block.columns());
    for (Matrix* x : implied_variables(block)) bytes.read(x->data(), x->size());
  }
  if (!bytes.done() && !(implied && !block.w_is_implied)) bytes.fail();
}

}  // namespace

/// What a rank has packed, on rank 0.
Bytes LayerPipeline::bring_to_first(int rank, Bytes bytes) {
  if (rank == 0) return bytes;
  if (channel_.rank() == rank) {
    const auto size = static_cast<uint64_t>(bytes.size());
    const auto first = channel_.send(Traffic::setup, 0, kStateTag, std::as_bytes(std::span(&size, 1)));
    const auto second = channel_.send(Traffic::setup, 0, kStateTag, bytes);
    for (const auto request : {first, second}) channel_.wait(Traffic::setup, request);
  } else if (channel_.rank() == 0) {
    uint64_t size = 0;
    channel_.wait(Traffic::setup, channel_.receive(rank, kStateTag, std::as_writable_bytes(std::span(&size, 1))));
    bytes.resize(size);
    channel_.wait(Traffic::setup, channel_.receive(rank, kStateTag, bytes));
  }
  return bytes;
}

void LayerPipeline::save(SavedState& state) {
  settle();
  for (int layer = 0; layer < layers_total_; ++layer) {
    const int holder = block_of(layer);
    std::vector<Bytes> packed;
    std::vector<int64_t> columns;
    for (int shard = 0; shard < axes_.nodes; ++shard) {
      const bool mine = holder == block_ && shard == shard_;
      packed.push_back(
          bring_to_first(axes_.rank_of(holder, shard), mine ? pack(blocks_[layer - begin_[block_]], shard) : Bytes()));
      columns.push_back(ColumnShards::size(input_.columns, shard, axes_.nodes));
    }
    if (channel_.rank() != 0) continue;
    state.set_bytes(part_name(layer),
                    cut() ? join(packed, columns, row_bytes(make_block(layer, layers_total_))) : std::move(packed[0]));
  }
}

/// p and q are alike at both ends of a link, and so is what either end takes the other to have.
void LayerPipeline::load(const SavedState& state, int layers) {
  begin_ = spread(layers);
  blocks_ = make_blocks(begin_, layers);
  layers_total_ = layers;
  make_links();
  const int64_t m = columns_.size();
  const auto loaded = [&](int layer) {
    LayerBlock block = make_block(layer, layers);
    block.p.reshape(m, block.in);
    for (Matrix* x : {&block.z, &block.h}) x->reshape(m, block.out);
    if (!block.last) {
      for (Matrix* x : {&block.q, &block.u}) x->reshape(m, block.out);
    }
    unpack(state.reader(part_name(layer)), columns_, block);
    return block;
  };
  for (size_t k = 0; k < blocks_.size(); ++k) {
    LayerBlock& block = blocks_[k] = loaded(first_layer() + static_cast<int>(k));
    if (block.first) {
      std::memcpy(block.p.data(), input_.x.data, block.p.bytes());
    } else {
      p_down_[k].start_from(block.p);
    }
    if (!block.last) q_up_[k].start_from(block.q);
  }
  if (joins_lower()) {
    LayerBlock below = loaded(first_layer() - 1);
    lower_q_ = std::move(below.q);
    lower_u_ = std::move(below.u);
  }
  if (joins_upper()) upper_p_ = std::move(loaded(first_layer() + static_cast<int>(blocks_.size())).p);
}

}  // namespace tersegraph
