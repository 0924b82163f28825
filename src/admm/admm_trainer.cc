#include "admm/admm_trainer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/timer.h"
#include "comm/collectives.h"

namespace tersegraph {
namespace {

/// A Lagrangian so many times its first value has left all bounds.
constexpr double kDiverged = 1e6;

class AdmmRun {
 public:
  AdmmRun(const AdmmConfig& config, const AdmmData& data, Channel& channel, Observer& observer)
      : config_(config), data_(data), channel_(channel), observer_(observer), pipeline_(config, data.train, channel) {}

  AdmmResult train() {
    run_stages();
    pipeline_.settle();
    return std::move(result_);
  }

 private:
  void run_stages() {
    for (size_t stage = 0; stage < config_.stages.size(); ++stage) {
      full_depth_ = stage + 1 == config_.stages.size();
      pipeline_.grow(config_.stages[stage]);
      for (int i = 0; i < config_.iterations[stage]; ++i) {
        iterate(full_depth_ && i + 1 == config_.iterations[stage]);
        if (result_.diverged || stopped_) return;
        if (full_depth_ && result_.converged) break;
      }
    }
  }

  void iterate(bool final) {
    const TrafficBytes before = channel_.ledger().bytes();
    EpochMetrics metrics;
    const Timer timer;
    pipeline_.iterate(metrics.seconds);
    result_.iteration_seconds.push_back(timer.seconds());
    result_.link_bytes += pipeline_.link_bytes();
    metrics.epoch = ++result_.iterations;
    judge();
    if (result_.diverged) return;
    final = final || result_.converged;
    if (final || (config_.eval_every > 0 && result_.iterations % config_.eval_every == 0)) evaluate(metrics);
    report(metrics, before);
  }

  /// Looks at the Lagrangian: all ranks see the same numbers and come to the same end.
  void judge() {
    const double old = result_.state.lagrangian;
    AdmmState state = sum_terms(pipeline_.terms(), config_.rho);
    const bool finite = std::isfinite(state.lagrangian) && std::isfinite(state.objective);
    if (result_.iterations == 1) bound_ = kDiverged * std::max(std::abs(state.objective), 1.0);
    result_.diverged = !finite || std::abs(state.lagrangian) > bound_;
    if (result_.diverged) return;
    result_.converged = config_.tolerance > 0.0 && result_.iterations > 1 &&
                        std::abs(state.lagrangian - old) <= config_.tolerance * std::abs(state.lagrangian);
    result_.state = std::move(state);
  }

  void evaluate(EpochMetrics& metrics) {
    AdmmSnapshot now;
    now.weights = pipeline_.gather_weights();
    if (channel_.rank() != 0) return;
    now.iteration = result_.iterations;
    now.train_accuracy = score({data_.train.x, data_.train.labels}, now.weights);
    now.val_accuracy = score(data_.val, now.weights);
    now.test_accuracy = score(data_.test, now.weights);
    metrics.train_accuracy = now.train_accuracy;
    if (data_.val.x.rows > 0) metrics.val_accuracy = now.val_accuracy;
    if (data_.test.x.rows > 0) metrics.test_accuracy = now.test_accuracy;
    if (full_depth_ && (result_.best.iteration == 0 || now.val_accuracy > result_.best.val_accuracy)) {
      result_.best = {now.weights.copy(), now.iteration, now.train_accuracy, now.val_accuracy, now.test_accuracy};
    }
    result_.last = std::move(now);
  }

  double score(const EvaluationRows& rows, const Mlp& weights) {
    if (rows.x.rows == 0) return 0.0;
    return accuracy(forward(weights, rows.x, workspace_), rows.labels);
  }

  void report(EpochMetrics& metrics, const TrafficBytes& before) {
    std::array<int64_t, kTrafficKinds + 1> sent{};
    for (int kind = 0; kind < kTrafficKinds; ++kind) sent[kind] = channel_.ledger().bytes()[kind] - before[kind];
    if (channel_.rank() == 0) sent[kTrafficKinds] = observer_.stop_requested() ? 1 : 0;
    all_reduce_sum(channel_, Traffic::all_reduce, std::span<int64_t>(sent));
    stopped_ = sent[kTrafficKinds] != 0;
    if (channel_.rank() != 0) return;
    for (int kind = 0; kind < kTrafficKinds; ++kind) {
      if (sent[kind] != 0) metrics.bytes[std::string(traffic_name(static_cast<Traffic>(kind)))] = sent[kind];
    }
    metrics.train_loss = result_.state.risk / static_cast<double>(data_.train.columns);
    metrics.epoch_seconds = result_.iteration_seconds.back();
    metrics.objective = result_.state.objective;
    metrics.lagrangian = result_.state.lagrangian;
    metrics.residuals = result_.state.residuals;
    observer_.on_epoch(metrics);
  }

  const AdmmConfig& config_;
  const AdmmData& data_;
  Channel& channel_;
  Observer& observer_;
  LayerPipeline pipeline_;
  AdmmResult result_;
  MlpWorkspace workspace_;
  double bound_ = 0.0;
  bool full_depth_ = false, stopped_ = false;
};

}  // namespace

AdmmResult train_admm(const AdmmConfig& config, const AdmmData& data, Channel& channel, Observer& observer) {
  validate(config);
  if (data.train.columns < 1) fail_input("the split has no training node: ADMM trains on training nodes alone");
  return AdmmRun(config, data, channel, observer).train();
}

}  // namespace tersegraph
