// The way forward: from the input to the outputs, one loop over blocks of rows between two aggregations.

#include <functional>

#include "nn/gnn_model.h"

namespace tersegraph {

/// Everything that blocks write must have its size before they do.
void GnnModel::make_room(const Step& step) {
  const bool training = step.pass.training;
  for (int l = 0; l <= last(); ++l) {
    Layer& layer = layers_[l];
    const GraphConv& conv = layer.conv;
    const int64_t in_rows = step.rows.of(l, training), out_rows = step.rows.of(l + 1, training);
    if (rounds() && l > 0 && needs_input(l)) own_rows_.reshape(in_rows, conv.in);
    if (exact_evaluation(step)) continue;
    const int bits = config_.kept_bits;
    if (keeps_h(l)) layer.h.reshape(in_rows, conv.in, bits, true);
    if (keeps_y(l)) layer.y.reshape(out_rows, conv.out, bits, false);
    if (conv.order == ConvOrder::aggregate_first) layer.aggregated.reshape(out_rows, conv.in, bits, false);
    if (!training) continue;
    for (const int tensor : {conv.weight, conv.root}) {
      if (tensor >= 0 && (l > 0 || !operand_of(tensor, step).is_sparse)) partial_.add(tensor);
    }
    for (const int tensor : {layer.bias, layer.gain, layer.shift}) {
      if (tensor >= 0) partial_.add(tensor);
    }
  }
  outputs_.reshape(step.rows.of(last() + 1, training), outputs());
  blocks_.resize(widest_block(), partial_.size());
}

MatrixView GnnModel::forward(const ModelInput& input, const ModelRows& rows, const ModelPass& pass,
                             PhaseSeconds& seconds) {
  const Step step{input, rows, pass, seconds};
  make_room(step);
  start_messages(step);
  for (int l = 0; l <= last();) l = forward_from(l, step);
  return outputs_;
}

/// What A reads in layer 0: h_0 W where it transforms first.
void GnnModel::start_messages(const Step& step) {
  reading_ = 0;
  const GraphConv& conv = layers_[0].conv;
  if (!conv.transforms_first()) return;
  const int64_t rows = step.rows.of(0, step.pass.training);
  messages_[0].reshape(rows, conv.out, rounds_messages(step));
  blocks_.run(rows, step.seconds, [&](const RowBlock& block) {
    messages_[0].write(block, [&](MatrixView message) {
      multiply_block(step.input.features.rows(block.begin, block.end), weight(0), message);
    });
    block.thread.lap(BlockPhase::gemm);
  });
}

/// Computes `layer` and the layers after it up to the next one that aggregates, and returns that one's index.
int GnnModel::forward_from(int layer, const Step& step) {
  const GraphConv& conv = layers_[layer].conv;
  const bool training = step.pass.training;
  int next = layer + 1;
  while (next <= last() && !layers_[next].conv.aggregates()) ++next;
  const int64_t rows = step.rows.of(layer + 1, training);
  if (next <= last()) {
    messages_[1 - reading_].reshape(rows, layers_[next].conv.message_cols(), rounds_messages(step));
  }

  if (!conv.aggregates()) {
    blocks_.run(rows, step.seconds, [&](const RowBlock& block) {
      const MatrixView y = room_for_y(layer, step, block);
      if (step.input.product.data != nullptr) {
        copy_block(rows_of(step.input.product, block.begin, block.end), y);
      } else {
        combine(layer, step, block, {}, y);
      }
      finish_rows(layer, step, block, y);
    });
  } else {
    const bool transformed = conv.transforms_first();
    const Messages& messages = messages_[reading_];
    const bool reads_input = layer == 0 && !transformed;
    const ConstMatrixView x = reads_input ? step.input.features.dense : ConstMatrixView(messages.exact());
    const AggregationPass pass = aggregation_pass(step, Traffic::halo_forward, layer);
    Aggregation& a = *step.rows.aggregation;
    const auto go_on = [&](const RowBlock& block, MatrixView sums) {
      if (!transformed && training) keep(layers_[layer].aggregated, step, block, sums, layer, 0);
      const MatrixView y = transformed ? sums : room_for_y(layer, step, block);
      combine(layer, step, block, sums, y);
      finish_rows(layer, step, block, y);
    };
    if (a.alone()) {
      blocks_.run(rows, step.seconds, [&](const RowBlock& block) {
        const MatrixView sums = transformed ? room_for_y(layer, step, block) : room_for_aggregated(layer, step, block);
        const auto sum = [&](auto rows) { a.forward_rows(rows, block.begin, block.end, sums.data, pass); };
        reads_input ? sum(x) : messages.visit(sum);
        block.thread.lap(BlockPhase::spmm);
        go_on(block, sums);
      });
    } else {
      Matrix& whole = room_for_sums(layer);
      whole.reshape(rows, x.cols);
      const auto use = [&](const RowsInTurn& in_turn) {
        const auto go_on_from_whole = [&](const RowBlock& block) {
          go_on(block, rows_of(whole.view(), block.begin, block.end));
        };
        blocks_.run(rows, step.seconds, go_on_from_whole, in_turn);
      };
      a.forward(x, whole, pass, step.seconds, std::ref(use));
    }
  }
  reading_ = 1 - reading_;
  return next;
}

/// Where A's result goes when it comes as a whole: to where it is kept, if it is kept as it is.
Matrix& GnnModel::room_for_sums(int layer) {
  Layer& l = layers_[layer];
  const bool transformed = l.conv.transforms_first();
  if (transformed && layer == last()) return outputs_;
  if (rounds()) return sums_;
  if (!transformed) return l.aggregated.whole();
  return keeps_y(layer) ? l.y.whole() : sums_;
}

MatrixView GnnModel::room_for_aggregated(int layer, const Step& step, const RowBlock& block) {
  Layer& l = layers_[layer];
  return exact_evaluation(step) ? block.thread.room(3, block.rows(), l.conv.in) : l.aggregated.room(block, 3);
}

MatrixView GnnModel::room_for_y(int layer, const Step& step, const RowBlock& block) {
  Layer& l = layers_[layer];
  if (layer == last()) return rows_of(outputs_.view(), block.begin, block.end);
  if (keeps_y(layer) && !exact_evaluation(step)) return l.y.room(block, 0);
  return block.thread.room(0, block.rows(), l.conv.out);
}

/// y of `layer` from what A gave; where it transforms first, that is y already.
void GnnModel::combine(int layer, const Step& step, const RowBlock& block, ConstMatrixView sums, MatrixView y) {
  const GraphConv& conv = layers_[layer].conv;
  switch (conv.order) {
    case ConvOrder::aggregated_input:
      multiply_block(step.input.aggregated.rows(block.begin, block.end), weight(layer), y);
      break;
    case ConvOrder::aggregate_first:
      gemm_block(sums, weight(layer), y);
      break;
    case ConvOrder::transform_first:
      break;
    case ConvOrder::unaggregated:
      multiply_block(input_rows(layer, step, block), weight(layer), y);
      break;
  }
  if (conv.has_root()) {
    multiply_block(input_rows(layer, step, block), root_weight(layer), y, Write::accumulate);
  }
  block.thread.lap(BlockPhase::gemm);
}

/// From y of `layer` on until rows of neighbours are needed again.
void GnnModel::finish_rows(int layer, const Step& step, const RowBlock& block, MatrixView y) {
  for (int l = layer; l < last(); ++l) {
    const MatrixView h = activate(l, step, block, y);
    const GraphConv& next = layers_[l + 1].conv;
    if (next.aggregates()) {
      Messages& messages = messages_[1 - reading_];
      if (next.transforms_first()) {
        messages.write(block, [&](MatrixView message) { gemm_block(h, weight(l + 1), message); });
      } else {
        messages.put(block, h);
      }
      return block.thread.lap(BlockPhase::gemm);
    }
    y = room_for_y(l + 1, step, block);
    gemm_block(h, weight(l + 1), y);
    block.thread.lap(BlockPhase::gemm);
  }
  activation_forward_block(y, nullptr, {.bias = parameters_.value(layers_[last()].bias).data}, {.relu = false}, y);
  block.thread.lap(BlockPhase::activation);
}

/// h_{layer + 1} of the block; what the way back needs of this layer is kept.
MatrixView GnnModel::activate(int layer, const Step& step, const RowBlock& block, ConstMatrixView y) {
  Layer& next = layers_[layer + 1];
  const bool exact = exact_evaluation(step), keeps = keeps_h(layer + 1) && !exact;
  const MatrixView h = keeps ? next.h.room(block, 1) : block.thread.room(1, block.rows(), y.cols);
  activation_forward_block(y, step.rows.ids + block.begin, activation_params(layer), activation_spec(layer, step.pass),
                           h);
  if (residual(layer)) add_block(input_rows(layer, step, block).dense, h);
  if (keeps) keep(next.h, step, block, h, layer, 1);
  if (keeps_y(layer) && !exact) keep(layers_[layer].y, step, block, y, layer, 2);
  if (rounds() && needs_input(layer + 1)) copy_block(h, rows_of(own_rows_.view(), block.begin, block.end));
  block.thread.lap(BlockPhase::activation);
  return h;
}

}  // namespace tersegraph
