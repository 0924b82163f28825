#pragma once

#include <string>

#include "data/dataset.h"
#include "run/report_runs.h"

namespace tersegraph {

/// What predictions.npy says of the test nodes, class by class: a confusion matrix, precision, recall and F1; summed
/// over the seeds. "" for a regression and for data without test nodes.
/// Errors: InputError for predictions that do not fit the data.
std::string classes_html(const ReportRun& run, const Dataset& dataset);

}  // namespace tersegraph
