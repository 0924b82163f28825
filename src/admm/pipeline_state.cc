// What a pipeline saves of its layers, and how it becomes what was saved.
#include <cstring>

#include "admm/layer_pipeline.h"
#include "admm/low_rank.h"
#include "base/error.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

constexpr int kStateTag = kFirstFreeTag + 3;  // of no layer's messages

std::string part_name(int layer) {
  return fmt::format("layers/{:04}", layer);
}

/// The variables in the order in which a part holds them. The first layer's p is X, and a factor of it is computed
/// anew.
std::vector<Matrix*> variables(LayerBlock& block) {
  std::vector<Matrix*> all = {&block.w, &block.b, &block.z};
  if (!block.first) all.push_back(&block.p);
  if (!block.last) all.insert(all.end(), {&block.q, &block.u});
  if (block.w_is_implied) all.insert(all.end(), {&block.work.centred_p, &block.work.centred_z, &block.work.gram});
  return all;
}

std::vector<std::byte> pack(LayerBlock& block) {
  form_w(block);
  std::vector<std::byte> bytes;
  const uint8_t implied = block.w_is_implied ? 1 : 0;
  append_values(bytes, &implied, 1);
  const float steps[] = {block.work.tau, block.work.theta};
  append_values(bytes, steps, 2);
  for (const Matrix* x : variables(block)) append_values(bytes, x->data(), x->size());
  return bytes;
}

void unpack(ByteReader bytes, int64_t columns, LayerBlock& block) {
  block.w_is_implied = bytes.read<uint8_t>() != 0;
  if (block.w_is_implied && !low_rank_pays(block)) bytes.fail();
  bytes.read(&block.work.tau, 1);
  bytes.read(&block.work.theta, 1);
  if (block.w_is_implied) {
    for (Matrix* x : {&block.work.centred_p, &block.work.centred_z}) x->reshape(columns, block.in);
    block.work.gram.reshape(columns, columns);
  }
  for (Matrix* x : variables(block)) bytes.read(x->data(), x->size());
  if (!bytes.done()) bytes.fail();
}

}  // namespace

void LayerPipeline::save(SavedState& state) {
  settle();
  const int rank = channel_.rank();
  for (int layer = 0; layer < layers_total_; ++layer) {
    const int from = owner(layer);
    std::vector<std::byte> bytes;
    if (from == rank) bytes = pack(blocks_[layer - begin_[rank]]);
    if (from != 0 && from == rank) {
      const auto size = static_cast<uint64_t>(bytes.size());
      const auto first = channel_.send(Traffic::setup, 0, kStateTag, std::as_bytes(std::span(&size, 1)));
      const auto second = channel_.send(Traffic::setup, 0, kStateTag, bytes);
      for (const auto request : {first, second}) channel_.wait(Traffic::setup, request);
    } else if (from != 0 && rank == 0) {
      uint64_t size = 0;
      channel_.wait(Traffic::setup, channel_.receive(from, kStateTag, std::as_writable_bytes(std::span(&size, 1))));
      bytes.resize(size);
      channel_.wait(Traffic::setup, channel_.receive(from, kStateTag, bytes));
    }
    if (rank == 0) state.set_bytes(part_name(layer), std::move(bytes));
  }
}

/// p and q are alike at both ends of a link, and so is what either end takes the other to have.
void LayerPipeline::load(const SavedState& state, int layers) {
  begin_ = spread(layers);
  blocks_ = make_blocks(begin_, layers);
  layers_total_ = layers;
  make_links();
  const int64_t m = input_.columns;
  const auto loaded = [&](int layer) {
    LayerBlock block = make_block(layer, layers);
    block.p.reshape(m, block.in);
    for (Matrix* x : {&block.z, &block.h}) x->reshape(m, block.out);
    if (!block.last) {
      for (Matrix* x : {&block.q, &block.u}) x->reshape(m, block.out);
    }
    unpack(state.reader(part_name(layer)), m, block);
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
