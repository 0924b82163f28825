#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "kernels/loss.h"

namespace tersegraph {

// Metrics in two steps: each rank adds its rows to plain counts, the counts are summed over ranks, and the numbers are
// computed from the sums. Integer sums do not depend on the order, so metrics are the same for any partition.

/// Of each row of logits (n, C) the largest, the first of equals.
std::vector<int32_t> predicted_classes(ConstMatrixView logits);

/// Adds the selected rows to counts (C, C): counts[label * C + prediction], the prediction as predicted_classes() has
/// it.
void add_confusion(ConstMatrixView logits, const int32_t* labels, RowSelection rows, std::span<int64_t> counts);

/// From confusion counts (C, C). Each is 0 when nothing was counted.
double accuracy(std::span<const int64_t> confusion);
/// Every sample has one label and one prediction, so this equals accuracy.
double micro_f1(std::span<const int64_t> confusion);
/// Mean F1 over the classes that occur as a label or as a prediction (scikit-learn's convention when it is given no
/// labels).
double macro_f1(std::span<const int64_t> confusion);

/// Adds the selected rows to counts (C x 3): true positives, false positives and false negatives of each class. logits
/// and targets (n, C); a class is predicted when its logit is positive, and true when its target is above 1/2.
void add_label_counts(ConstMatrixView logits, ConstMatrixView targets, RowSelection rows, std::span<int64_t> counts);

/// F1 of all decisions together; 0 when nothing was counted.
double multilabel_micro_f1(std::span<const int64_t> counts);
/// Mean F1 over the classes that occur as a label or as a prediction. (scikit-learn's multi-label mean counts the
/// others as 0.)
double multilabel_macro_f1(std::span<const int64_t> counts);

/// Adds the selected rows to sums (outputs x 4): of 1, y, y^2 and (y - output)^2. Floating point, so sum ranks in rank
/// order.
void add_regression_sums(ConstMatrixView outputs, ConstMatrixView targets, RowSelection rows, std::span<double> sums);

/// Mean over rows and outputs of the squared error; 0 when nothing was counted.
double mean_squared_error(std::span<const double> sums);
/// Mean over outputs of 1 - residual / total sum of squares. Where the target is constant: 1 if it was hit, else 0.
double r2_score(std::span<const double> sums);

/// Exact area under the ROC curve: the probability that a positive scores higher than a negative, ties counting half.
/// Nothing when one of the classes is missing or a score is NaN. labels: nonzero is positive.
std::optional<double> roc_auc(std::span<const float> scores, std::span<const uint8_t> labels);

/// Mean of the AUC of each column, over the columns that have one. scores, targets (n, C).
std::optional<double> mean_roc_auc(ConstMatrixView scores, ConstMatrixView targets, RowSelection rows);

}  // namespace tersegraph
