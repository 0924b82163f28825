#include "admm/layer_pipeline.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "admm/low_rank.h"
#include "admm/nonlinearity.h"
#include "admm/p_update.h"
#include "admm/partition.h"
#include "admm/q_u_update.h"
#include "admm/w_update.h"
#include "admm/z_last_update.h"
#include "base/parallel.h"
#include "base/rng.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

// Tags: of layer l's p and q, and of its weights when they move.
int p_tag(int layer) {
  return kFirstFreeTag + 4 * layer;
}
int q_tag(int layer) {
  return kFirstFreeTag + 4 * layer + 1;
}
int weights_tag(int layer) {
  return kFirstFreeTag + 4 * layer + 2;
}

std::span<std::byte> bytes_of(const Matrix& x) {
  return {reinterpret_cast<std::byte*>(x.data()), x.bytes()};
}

void set_identity(LayerBlock& block) {
  block.w.fill(0.0f);
  block.b.fill(0.0f);
  for (int64_t i = 0; i < std::min(block.in, block.out); ++i) block.w(i, i) = 1.0f;
}

std::vector<int> ranks_of_block(const RankAxes& axes, int block) {
  std::vector<int> ranks;
  for (int shard = 0; shard < axes.nodes; ++shard) ranks.push_back(axes.rank_of(block, shard));
  return ranks;
}

}  // namespace

LayerPipeline::LayerPipeline(const AdmmConfig& config, const AdmmInput& input, Channel& channel, int nodes)
    : config_(config),
      input_(input),
      channel_(channel),
      axes_{channel.size() / nodes, nodes},
      block_(axes_.block_of(channel.rank())),
      shard_(axes_.shard_of(channel.rank())),
      block_channel_(channel, ranks_of_block(axes_, block_)),
      columns_(block_channel_, input.columns),
      hidden_update_(config.nonlinearity),
      begin_(axes_.layers + 1, 0) {}

LayerPipeline::~LayerPipeline() {
  channel_.communicator().drop_requests();
}

int LayerPipeline::block_of(int layer) const {
  return static_cast<int>(std::upper_bound(begin_.begin(), begin_.end(), layer) - begin_.begin()) - 1;
}

// ---- growth

LayerBlock LayerPipeline::make_block(int layer, int layers) {
  LayerBlock block;
  block.first = layer == 0;
  block.last = layer == layers - 1;
  block.in = block.first ? input_.inputs : config_.neurons;
  block.out = block.last ? input_.classes : config_.neurons;
  if (cut()) block.shards = &columns_;
  block.nu = static_cast<float>(config_.nu);
  block.rho = static_cast<float>(config_.rho);
  block.ridge = static_cast<float>(block.first  ? config_.ridge_first
                                   : block.last ? config_.ridge_last
                                                : config_.ridge_hidden);
  block.target = block.first || block.last ? 0.0f : 1.0f;
  block.w.reshape(block.in, block.out);
  block.b.reshape(1, block.out);
  return block;
}

/// Every rank could draw any layer: a number depends on the seed, the layer and its place alone. Collective over the
/// shards.
void LayerPipeline::draw_weights(LayerBlock& block, int layer) {
  const StreamKey key(config_.seed, Purpose::init, {}, 0, layer);
  double deviation = 1.0 / std::sqrt(static_cast<double>(block.in));
  if (block.first) {
    double squares = 0.0;
    for (int64_t i = 0; i < input_.x.size(); ++i) squares += static_cast<double>(input_.x.data[i]) * input_.x.data[i];
    columns_.sum({&squares, 1});
    const double row = std::sqrt(squares / static_cast<double>(input_.columns));
    deviation = row > 0.0 ? config_.init_scale / row : config_.init_scale;
  }
  for (int64_t i = 0; i < block.w.size(); ++i) {
    block.w.data()[i] = static_cast<float>(deviation * normal_from_bits(key.row(i)));
  }
  block.b.fill(0.0f);
}

/// Where the layers of each block of them begin.
std::vector<int> LayerPipeline::spread(int layers) {
  std::vector<double> costs;
  for (int l = 0; l < layers; ++l) {
    const LayerBlock block = make_block(l, layers);
    const LayerShape shape{block.in, block.out, block.first, block.last};
    costs.push_back(layer_cost(input_.columns, shape, config_.quantize, axes_.nodes).total());
  }
  return balance_layers(costs, axes_.layers);
}

std::vector<LayerBlock> LayerPipeline::make_blocks(const std::vector<int>& begin, int layers) {
  std::vector<LayerBlock> blocks;
  for (int l = begin[block_]; l < begin[block_ + 1]; ++l) blocks.push_back(make_block(l, layers));
  return blocks;
}

void LayerPipeline::grow(int layers) {
  settle();
  const std::vector<int> next_begin = spread(layers);
  std::vector<LayerBlock> next = make_blocks(next_begin, layers);
  if (layers_total_ == 0) {
    for (size_t k = 0; k < next.size(); ++k) {
      if (next[k].first || next[k].last) {
        draw_weights(next[k], next_begin[block_] + static_cast<int>(k) == 0 ? 0 : 1);
      } else {
        set_identity(next[k]);
      }
    }
  } else {
    move_weights(next, next_begin, layers);
  }
  blocks_ = std::move(next);
  begin_ = next_begin;
  layers_total_ = layers;
  make_links();
  forward_pass();
}

/// Every shard has all weights of its layers, and moves its own.
void LayerPipeline::move_weights(std::vector<LayerBlock>& next, const std::vector<int>& next_begin, int layers) {
  const int old_layers = layers_total_;
  std::vector<Communicator::Request> requests;
  const auto next_block_of = [&](int layer) {
    return static_cast<int>(std::upper_bound(next_begin.begin(), next_begin.end(), layer) - next_begin.begin()) - 1;
  };
  for (LayerBlock& block : next) set_identity(block);
  for (LayerBlock& block : blocks_) form_w(block);
  for (int old = 0; old < old_layers; ++old) {
    const int layer = old == old_layers - 1 ? layers - 1 : old, from = block_of(old), to = next_block_of(layer);
    LayerBlock* source = from == block_ ? &blocks_[old - begin_[block_]] : nullptr;
    LayerBlock* target = to == block_ ? &next[layer - next_begin[block_]] : nullptr;
    const int sender = axes_.rank_of(from, shard_), receiver = axes_.rank_of(to, shard_);
    if (source != nullptr && target != nullptr) {
      target->w = std::move(source->w);
      target->b = std::move(source->b);
    } else if (source != nullptr) {
      requests.push_back(channel_.send(Traffic::placement, receiver, weights_tag(layer), bytes_of(source->w)));
      requests.push_back(channel_.send(Traffic::placement, receiver, weights_tag(layer), bytes_of(source->b)));
    } else if (target != nullptr) {
      requests.push_back(channel_.receive(sender, weights_tag(layer), bytes_of(target->w)));
      requests.push_back(channel_.receive(sender, weights_tag(layer), bytes_of(target->b)));
    }
  }
  for (const Communicator::Request request : requests) channel_.wait(Traffic::placement, request);
}

void LayerPipeline::make_links() {
  ColumnShards* const shards = cut() ? &columns_ : nullptr;
  const Grid p_grid(config_, false, shards), q_grid(config_, true, shards);
  p_down_.clear(), q_up_.clear(), from_above_.clear(), from_below_.clear();
  for (size_t k = 0; k < blocks_.size(); ++k) {
    const int layer = first_layer() + static_cast<int>(k);
    p_down_.emplace_back(Traffic::p, p_tag(layer), p_grid);
    q_up_.emplace_back(Traffic::q, q_tag(layer), q_grid);
  }
  if (joins_upper()) {
    from_above_.emplace_back(Traffic::p, p_tag(first_layer() + static_cast<int>(blocks_.size())), p_grid);
    upper_p_.reshape(columns_.size(), config_.neurons);
  }
  if (joins_lower()) {
    from_below_.emplace_back(Traffic::q, q_tag(first_layer() - 1), q_grid);
    lower_q_.reshape(columns_.size(), config_.neurons);
    lower_u_.reshape(columns_.size(), config_.neurons);
  }
}

void LayerPipeline::forward_pass() {
  const int64_t m = columns_.size();
  for (size_t k = 0; k < blocks_.size(); ++k) {
    LayerBlock& block = blocks_[k];
    block.p.reshape(m, block.in);
    for (Matrix* x : {&block.z, &block.h}) x->reshape(m, block.out);
    if (block.first) {
      std::memcpy(block.p.data(), input_.x.data, block.p.bytes());
    } else if (k == 0) {
      // What the layer below starts from travels once, on p's grid: it is p here and q and p there.
      LinkMessage start(Traffic::p, q_tag(first_layer() - 1), p_down_[0].grid().of_start());
      start.start_receive(channel_, below(), block.p);
      start.finish_receive(channel_);
      std::memcpy(lower_q_.data(), block.p.data(), block.p.bytes());
      lower_u_.fill(0.0f);
    } else {
      std::memcpy(block.p.data(), blocks_[k - 1].q.data(), block.p.bytes());
    }
    if (!block.first) p_down_[k].start_from(block.p);
    affine_map(block.p, block.w, block.b, block.h);
    std::memcpy(block.z.data(), block.h.data(), block.h.bytes());
    if (block.last) break;
    block.q.reshape(m, block.out);
    block.u.reshape(m, block.out);
    block.u.fill(0.0f);
    activate(config_.nonlinearity, block.z, block.q);
    LinkMessage start(Traffic::p, q_tag(first_layer() + static_cast<int>(k)), p_down_[k].grid().of_start());
    start.round(block.q);
    q_up_[k].start_from(block.q);
    if (k + 1 == blocks_.size()) {
      std::memcpy(upper_p_.data(), block.q.data(), block.q.bytes());
      start.send(channel_, above());
      start.finish_send(channel_);
    }
  }
}

// ---- one iteration

ConstMatrixView LayerPipeline::q_of(int index) const {
  return index < 0 ? ConstMatrixView(lower_q_) : blocks_[index].q;
}
ConstMatrixView LayerPipeline::u_of(int index) const {
  return index < 0 ? ConstMatrixView(lower_u_) : blocks_[index].u;
}
ConstMatrixView LayerPipeline::p_above(int index) const {
  return index + 1 < static_cast<int>(blocks_.size()) ? ConstMatrixView(blocks_[index + 1].p)
                                                      : ConstMatrixView(upper_p_);
}

/// Layers are independent within a line of the iteration. Where there are enough of them each one is a task of its own,
/// and its products stay on one thread; otherwise, and where columns are cut, so that the rank's own thread has to sum
/// over shards, the products share the threads. The numbers are the same.
template <class Task>
void LayerPipeline::for_each_layer(Task&& task) {
  const auto count = static_cast<int64_t>(blocks_.size());
  if (!cut() && count >= 2 * thread_count()) {
    parallel_blocks(count, 1, [&](int64_t k, int64_t) { task(static_cast<int>(k)); });
  } else {
    for (int64_t k = 0; k < count; ++k) task(static_cast<int>(k));
  }
}

void LayerPipeline::settle() {
  for (auto* links : {&p_down_, &q_up_}) {
    for (LinkMessage& link : *links) link.finish_send(channel_);
  }
  finish_lower_q();
}

void LayerPipeline::iterate(PhaseSeconds& seconds) {
  const ProgressScope progress([this] { channel_.communicator().progress(); });
  for (auto* links : {&p_down_, &q_up_}) {
    for (LinkMessage& link : *links) link.finish_send(channel_);
  }
  if (joins_upper()) from_above_[0].start_receive(channel_, above(), upper_p_);
  {
    const PhaseTimer timer(seconds, "p");
    update_p();
  }
  if (joins_lower()) p_down_.front().send(channel_, below());
  {
    const PhaseTimer timer(seconds, "w_z");
    update_weights_and_z();
  }
  {
    const PhaseTimer timer(seconds, "wait");
    if (joins_upper()) from_above_[0].finish_receive(channel_);
  }
  {
    const PhaseTimer timer(seconds, "q_u");
    update_q_and_u();
  }
  if (joins_upper()) q_up_.back().send(channel_, above());
  if (joins_lower()) from_below_[0].start_receive(channel_, below(), lower_q_);
}

/// q_l of the last iteration and the u_l that follows from it, at the upper end of the link.
void LayerPipeline::finish_lower_q() {
  if (!joins_lower() || !from_below_[0].receiving()) return;
  from_below_[0].finish_receive(channel_);
  tersegraph::update_u(blocks_.front().rho, blocks_.front().p, lower_q_, lower_u_);
}

/// The lowest layer of a rank comes last, as it waits for the q from below.
void LayerPipeline::update_p() {
  for_each_layer([&](int k) {
    if (blocks_[k].first) return;
    if (config_.solver == AdmmSolver::closed && !p_down_[k].grid().fixed()) prepare_p(blocks_[k]);
    if (k > 0) solve_layer_p(k);
  });
  if (!joins_lower()) return;
  finish_lower_q();
  solve_layer_p(0);
}

void LayerPipeline::solve_layer_p(int k) {
  LayerBlock& block = blocks_[k];
  LinkMessage& message = p_down_[k];
  const Grid& grid = message.grid();
  if (config_.solver == AdmmSolver::gradient) {
    step_p(block, grid, q_of(k - 1), u_of(k - 1));
  } else if (grid.fixed()) {
    solve_p_on_grid(block, grid, q_of(k - 1), u_of(k - 1));
  } else {
    solve_p(block, q_of(k - 1), u_of(k - 1));
  }
  if (k == 0 || !grid.exact()) message.round(block.p);
}

void LayerPipeline::update_weights_and_z() {
  const auto nu = static_cast<float>(config_.nu);
  const bool closed = config_.solver == AdmmSolver::closed;
  for_each_layer([&](int k) {
    LayerBlock& block = blocks_[k];
    if (closed) {
      solve_w(block, block.first);
    } else {
      step_w(block);
    }
    if (!block.last) return hidden_update_(block.h, block.q, block.z);
    (closed ? solve_last_z : step_last_z)(config_.risk, block.h, input_.labels, nu, block.z);
  });
}

void LayerPipeline::update_q_and_u() {
  for_each_layer([&](int k) {
    LayerBlock& block = blocks_[k];
    if (block.last) return;
    const ConstMatrixView p = p_above(k);
    solve_q(config_.nonlinearity, block.rho, block.nu, p, block.u, block.z, block.q);
    const bool travels = k + 1 == static_cast<int>(blocks_.size());
    if (travels || !q_up_[k].grid().exact()) q_up_[k].round(block.q);
    update_u(block.rho, p, block.q, block.u);
  });
}

// ---- what the outside sees

std::vector<LayerTerms> LayerPipeline::terms() {
  std::vector<LayerTerms> own(layers_total_);
  for_each_layer([&](int k) {
    const ConstMatrixView next = blocks_[k].last ? ConstMatrixView{} : p_above(k);
    LayerTerms& terms = own[first_layer() + k];
    terms = layer_terms(blocks_[k], config_.nonlinearity, config_.risk, input_.labels, next);
    if (shard_ > 0) terms.ridge = 0.0;  // all shards have the same weights
  });
  // Each number comes from the ranks of one block; adding the others' zeros changes nothing.
  all_reduce_sum(channel_, Traffic::all_reduce,
                 std::span<double>(own.front().values(), own.size() * LayerTerms::kCount));
  return own;
}

void LayerPipeline::gather_weights(Mlp& mlp) {
  mlp.nonlinearity = config_.nonlinearity;
  mlp.w.resize(layers_total_);
  mlp.b.resize(layers_total_);
  for_each_layer([&](int k) { form_w(blocks_[k]); });
  std::vector<Communicator::Request> requests;
  for (int l = 0; l < layers_total_; ++l) {
    const int from = block_of(l);
    const bool last = l == layers_total_ - 1;
    mlp.w[l].reshape(l == 0 ? input_.inputs : config_.neurons, last ? input_.classes : config_.neurons);
    mlp.b[l].reshape(1, mlp.w[l].cols());
    if (from != block_) {
      const int sender = axes_.rank_of(from, shard_);
      requests.push_back(channel_.receive(sender, weights_tag(l), bytes_of(mlp.w[l])));
      requests.push_back(channel_.receive(sender, weights_tag(l), bytes_of(mlp.b[l])));
      continue;
    }
    const LayerBlock& block = blocks_[l - begin_[block_]];
    std::memcpy(mlp.w[l].data(), block.w.data(), block.w.bytes());
    std::memcpy(mlp.b[l].data(), block.b.data(), block.b.bytes());
    for (int other = 0; other < axes_.layers; ++other) {
      if (other == block_) continue;
      const int to = axes_.rank_of(other, shard_);
      requests.push_back(channel_.send(Traffic::evaluation, to, weights_tag(l), bytes_of(block.w)));
      requests.push_back(channel_.send(Traffic::evaluation, to, weights_tag(l), bytes_of(block.b)));
    }
  }
  for (const Communicator::Request request : requests) channel_.wait(Traffic::evaluation, request);
}

int64_t LayerPipeline::link_bytes() const {
  const Grid p_grid(config_, false), q_grid(config_, true);
  int64_t bytes = 0;
  for (int shard = 0; shard < axes_.nodes; ++shard) {
    const int64_t begin = ColumnShards::begin(input_.columns, shard, axes_.nodes);
    const int64_t columns = ColumnShards::size(input_.columns, shard, axes_.nodes);
    for (const Grid* grid : {&p_grid, &q_grid}) {
      bytes += grid->encoded_bytes(begin, columns, config_.neurons) + kSealBytes;
    }
  }
  return (layers_total_ - 1) * bytes;
}

}  // namespace tersegraph
