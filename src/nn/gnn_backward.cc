// The way back: from dL/doutputs to the gradients, one loop over blocks of rows between two aggregations.

#include <algorithm>
#include <functional>

#include "kernels/spmm.h"
#include "nn/gnn_model.h"

namespace tersegraph {

void GnnModel::backward(const ModelInput& input, const ModelRows& rows, const ModelPass& pass, MatrixView grad,
                        PhaseSeconds& seconds) {
  const Step step{input, rows, pass, seconds};
  partial_.start(blocks_.most_ranges(rows.count));
  if (config_.residual) residual_gradient_.reshape(rows.count, config_.hidden);
  if (config_.kind == ModelKind::sage) root_gradient_.reshape(rows.count, std::max(config_.hidden, outputs()));
  reading_ = 1 - last() % 2;  // the gradients of a layer take the memory that its messages had
  const int top = stop_below(last());
  room_for_gradients(top, step);
  blocks_.run(grad.rows, seconds, [&](const RowBlock& block) {
    const MatrixView dy = rows_of(grad, block.begin, block.end);
    add_column_sums(dy, partial_.of(layers_[last()].bias, block).data, block.thread.scratch());
    block.thread.lap(BlockPhase::activation);
    descend(last(), step, block, dy);
  });
  reading_ = 1 - reading_;
  for (int l = top; l > 0 || (l == 0 && layers_[0].conv.transforms_first()); --l) backward_from(l, step);
  sparse_weight_gradients(step);
  PhaseTimer timer(seconds, "gemm");
  partial_.finish();
}

/// The layer at `layer` or below where a loop over blocks ends: one that aggregates, or layer 0.
int GnnModel::stop_below(int layer) const {
  while (layer > 0 && !layers_[layer].conv.aggregates()) --layer;
  return layer;
}

/// What loops write down at `layer`, where they end.
void GnnModel::room_for_gradients(int layer, const Step& step) {
  const GraphConv& conv = layers_[layer].conv;
  if (layer > 0) {
    messages_[1 - reading_].reshape(step.rows.count, conv.message_cols(), rounds_messages(step));
  } else if (conv.transforms_first() || meets_sparse_rows(step)) {
    // Sparse rows are multiplied by what is put down here, whole and as it is.
    messages_[1 - reading_].reshape(step.rows.count, conv.out, rounds_messages(step) && !meets_sparse_rows(step));
  }
}

bool GnnModel::meets_sparse_rows(const Step& step) const {
  const GraphConv& conv = layers_[0].conv;
  return operand_of(conv.weight, step).is_sparse || (conv.has_root() && operand_of(conv.root, step).is_sparse);
}

/// From the gradients that wait in messages_[reading_] for A^T of `layer` to those of the next aggregation below, or to
/// the end.
void GnnModel::backward_from(int layer, const Step& step) {
  if (layer > 0 || meets_sparse_rows(step)) room_for_gradients(stop_below(std::max(layer - 1, 0)), step);
  const Messages& messages = messages_[reading_];
  const int64_t rows = step.rows.of(layer, true);
  const AggregationPass pass = aggregation_pass(step, Traffic::halo_backward, layer);
  Aggregation& a = *step.rows.aggregation;
  const int64_t cols = layers_[layer].conv.message_cols();
  const auto go_on = [&](const RowBlock& block, MatrixView summed) {
    const MatrixView dh = through_weights(layer, step, block, summed);
    if (layer == 0) return;
    through_activation(layer - 1, step, block, dh);
    descend(layer - 1, step, block, dh);
  };
  if (a.alone()) {
    blocks_.run(rows, step.seconds, [&](const RowBlock& block) {
      const MatrixView summed = block.thread.room(0, block.rows(), cols);
      messages.visit([&](auto x) { a.backward_rows(x, block.begin, block.end, summed.data, pass); });
      block.thread.lap(BlockPhase::spmm);
      go_on(block, summed);
    });
  } else {
    sums_.reshape(rows, cols);
    const auto use = [&](const RowsInTurn& in_turn) {
      const auto go_on_from_sums = [&](const RowBlock& block) {
        go_on(block, rows_of(sums_.view(), block.begin, block.end));
      };
      blocks_.run(rows, step.seconds, go_on_from_sums, in_turn);
    };
    const ConstMatrixView dy = rows_of(messages.exact(), 0, step.rows.of(layer + 1, true));
    a.backward(dy, sums_, pass, step.seconds, std::ref(use));
  }
  reading_ = 1 - reading_;
}

/// dL/dh of `layer`, which aggregates, from A^T's result; adds up the gradients of its weights.
MatrixView GnnModel::through_weights(int layer, const Step& step, const RowBlock& block, MatrixView summed) {
  const GraphConv& conv = layers_[layer].conv;
  // Beyond these rows y was not computed, and has no gradient.
  const int64_t own_end = std::clamp(step.rows.of(layer + 1, true), block.begin, block.end);
  ConstMatrixView own_dy;
  if (conv.has_root()) {
    own_dy = conv.transforms_first() ? messages_[reading_].rows(block, own_end)
                                     : root_gradient_rows(conv.out, block.begin, own_end);
  }

  MatrixView dh = summed;
  if (layer == 0 && step.input.features.is_sparse) {
    messages_[1 - reading_].put(block, summed);
    return dh;
  }
  if (conv.transforms_first() || conv.has_root()) {
    const ConstMatrixView h = kept_input_rows(layer, step, block).dense;
    if (conv.transforms_first()) add_weight_gradient(conv.weight, h, summed, block);
    if (conv.has_root()) add_weight_gradient(conv.root, rows_of(h, 0, own_dy.rows), own_dy, block);
  }
  if (layer > 0 && conv.transforms_first()) {
    dh = block.thread.room(1, block.rows(), conv.in);
    gemm_block_transposed_b(summed, weight(layer), dh);
  }
  if (layer > 0 && conv.has_root()) {
    gemm_block_transposed_b(own_dy, root_weight(layer), rows_of(dh, 0, own_dy.rows), Write::accumulate);
  }
  block.thread.lap(BlockPhase::gemm);
  if (residual(layer)) {
    add_block(rows_of(residual_gradient_.view(), block.begin, own_end), rows_of(dh, 0, own_end - block.begin));
    block.thread.lap(BlockPhase::activation);
  }
  return dh;
}

/// Turns dL/dh_{layer + 1} of the block into dL/dy_layer, in place.
void GnnModel::through_activation(int layer, const Step& step, const RowBlock& block, MatrixView dh) {
  Layer& l = layers_[layer];
  if (residual(layer)) copy_block(dh, rows_of(residual_gradient_.view(), block.begin, block.end));
  const auto sum = [&](int tensor) { return tensor < 0 ? nullptr : partial_.of(tensor, block).data; };
  if (keeps_y(layer)) {
    activation_backward_block(l.y.rows(block, block.end, 3), step.rows.ids + block.begin, activation_params(layer),
                              activation_spec(layer, step.pass), dh, {sum(l.bias), sum(l.gain), sum(l.shift)},
                              block.thread.scratch());
  } else {
    relu_dropout_backward_block(layers_[layer + 1].h.rows(block, block.end, 3), config_.dropout, dh, sum(l.bias),
                                block.thread.scratch());
  }
  block.thread.lap(BlockPhase::activation);
}

/// From dL/dy of `layer` down until neighbours' rows are needed again, or to the input.
void GnnModel::descend(int layer, const Step& step, const RowBlock& block, MatrixView dy) {
  Messages& messages = messages_[1 - reading_];
  for (int l = layer; l >= 0; --l) {
    const GraphConv& conv = layers_[l].conv;
    if (conv.transforms_first()) return messages.put(block, dy);
    if (l == 0) return input_weight_gradients(step, block, dy);
    if (conv.order == ConvOrder::aggregate_first) {
      add_weight_gradient(conv.weight, layers_[l].aggregated.rows(block, block.end, 3), dy, block);
      messages.write(block, [&](MatrixView message) { gemm_block_transposed_b(dy, weight(l), message); });
      if (conv.has_root()) copy_block(dy, root_gradient_rows(dy.cols, block.begin, block.end));
      return block.thread.lap(BlockPhase::gemm);
    }
    add_weight_gradient(conv.weight, kept_input_rows(l, step, block).dense, dy, block);
    const MatrixView dh = block.thread.room(l % 2, block.rows(), conv.in);
    gemm_block_transposed_b(dy, weight(l), dh);
    block.thread.lap(BlockPhase::gemm);
    if (residual(l)) add_block(rows_of(residual_gradient_.view(), block.begin, block.end), dh);
    through_activation(l - 1, step, block, dh);
    dy = dh;
  }
}

/// The rows that a weight of layer 0 multiplies.
const Operand& GnnModel::operand_of(int tensor, const Step& step) const {
  const GraphConv& conv = layers_[0].conv;
  return tensor == conv.weight && conv.order == ConvOrder::aggregated_input ? step.input.aggregated
                                                                            : step.input.features;
}

/// Layer 0 where its input has no gradient and no message. Gradients of weights that meet sparse rows are products
/// over all rows, for which dy is put down.
void GnnModel::input_weight_gradients(const Step& step, const RowBlock& block, ConstMatrixView dy) {
  const GraphConv& conv = layers_[0].conv;
  for (const int tensor : {conv.weight, conv.root}) {
    if (tensor < 0) continue;
    const Operand& x = operand_of(tensor, step);
    if (x.is_sparse) continue;
    const bool summed = tensor == conv.weight && conv.order == ConvOrder::aggregate_first;
    const ConstMatrixView rows =
        summed ? layers_[0].aggregated.rows(block, block.end, 3) : rows_of(x.dense, block.begin, block.end);
    add_weight_gradient(tensor, rows, dy, block);
  }
  if (meets_sparse_rows(step)) messages_[1 - reading_].put(block, dy);
  block.thread.lap(BlockPhase::gemm);
}

void GnnModel::sparse_weight_gradients(const Step& step) {
  const GraphConv& conv = layers_[0].conv;
  PhaseTimer timer(step.seconds, "spmm");
  for (const int tensor : {conv.weight, conv.root}) {
    if (tensor < 0 || !operand_of(tensor, step).is_sparse) continue;
    const bool own_rows = tensor == conv.root && conv.transforms_first();  // they were A^T's operand
    const MatrixView dy = messages_[own_rows ? 1 - reading_ : reading_].exact();
    const int64_t known = step.rows.of(conv.transforms_first() && !own_rows ? 0 : 1, true);
    std::fill(dy.row(known), dy.row(step.rows.count), 0.0f);
    spmm(operand_of(tensor, step).sparse_transposed, dy, parameters_.gradient(tensor));
  }
}

MatrixView GnnModel::root_gradient_rows(int64_t cols, int64_t begin, int64_t end) {
  return {root_gradient_.data() + begin * cols, end - begin, cols};
}

void GnnModel::add_weight_gradient(int tensor, ConstMatrixView x, ConstMatrixView dy, const RowBlock& block) {
  gemm_block_transposed_a(x, dy, partial_.of(tensor, block), Write::accumulate);
}

}  // namespace tersegraph
