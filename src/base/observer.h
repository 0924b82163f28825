#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/timer.h"

namespace tersegraph {

/// What one epoch did, over all ranks.
struct EpochMetrics {
  int64_t epoch = 0;  ///< from 1
  double train_loss = 0.0;
  double learning_rate = 0.0;
  /// The task's measure (accuracy; micro-F1 for multi-label; R^2 for regression), where the epoch was evaluated.
  std::optional<double> train_accuracy, val_accuracy, test_accuracy;
  /// Further measures of an evaluated epoch, for example "val_macro_f1", "test_roc_auc".
  std::map<std::string, double> scores;
  std::optional<double> objective, lagrangian;  ///< of ADMM
  std::vector<double> residuals;                ///< ADMM: ||p_{l+1} - q_l||, by link
  double epoch_seconds = 0.0;                   ///< training alone, slowest rank
  PhaseSeconds seconds;                         ///< by phase, rank 0; "wait": for messages that are needed to go on
  double hidden_seconds = 0.0;                  ///< in which rank 0 computed while such messages were under way
  std::map<std::string, int64_t> bytes;         ///< sent in this epoch, by kind, sum over ranks
  double mean_bits = 32.0;                      ///< of the halo values sent in this epoch
  std::map<std::string, double> bits;           ///< the same by exchange: "forward.1", "backward.2"
  std::optional<double> width_error;            ///< of adaptive widths: their variance, 0 (widest) to 1 (narrowest)
  std::map<std::string, double> guard;          ///< of adaptive widths, where checked: see WidthGuard
};

class SavedState;

/// How a trainer speaks to the outside without knowing files, terminals or signals. Every rank has one; all calls come
/// between epochs, on rank 0 where nothing else is said.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_epoch(const EpochMetrics&) {}
  /// True on any rank asks all of them to stop after this epoch. Asked on every rank.
  virtual bool stop_requested() { return false; }
  /// Whether on_epoch may lead to that, so that the ranks ask again after it. The same on every rank.
  virtual bool decides_on_epoch() const { return false; }
  /// Whether the state after this epoch is to be kept. After the epoch in which training is stopped it always is.
  virtual bool checkpoint_due(int64_t /*epoch*/) { return false; }
  virtual void on_checkpoint(const SavedState&) {}
  /// Where training goes on from, the same on every rank; none: from the start. Asked on every rank; lives as long.
  virtual const SavedState* resume_from() { return nullptr; }
};

}  // namespace tersegraph
