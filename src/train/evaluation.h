#pragma once

#include "base/observer.h"
#include "comm/channel.h"
#include "train/local_targets.h"

namespace tersegraph {

/// Scores the outputs of all ranks on the three parts of the split and writes them into `metrics`: the task's measure
/// (accuracy; micro-F1; R^2) and, under "val_macro_f1" and the like, the others. Collective.
void evaluate(ConstMatrixView outputs, const LocalTargets& targets, Channel& channel, EpochMetrics& metrics);

/// Bytes that a rank sends in it for so many outputs.
int64_t evaluation_bytes(Task task, int64_t outputs, int rank, int ranks);

/// ROC-AUC of each part of the split, for two classes or several labels, where both kinds are there: "test_roc_auc" and
/// the like. It needs every output at once: `outputs` (n, outputs) is the whole graph's.
void evaluate_roc_auc(ConstMatrixView outputs, const Labels& labels, const Split& split, EpochMetrics& metrics);

}  // namespace tersegraph
