#pragma once

#include <string>
#include <vector>

#include "run/report_chart.h"
#include "run/report_runs.h"

namespace tersegraph {

/// What a curve runs along: the epoch, or what training had taken or sent by its end.
enum class Along { epochs, seconds, bytes };

/// The number `key` of every epoch that has it ("val_accuracy"); with `group`, that number of the object of this name
/// ("bits", "forward.1"). Of several seeds: each one in the background, and their mean over the epochs that all
/// reached.
std::vector<Line> curve(const ReportRun& run, const std::string& name, int colour, const std::string& key,
                        Along along = Along::epochs, const std::string& group = "");

/// The same of element `index` of the array `key`.
std::vector<Line> element_curve(const ReportRun& run, const std::string& name, int colour, const std::string& key,
                                size_t index);

/// Elements of the longest array `key`.
size_t longest_array(const ReportRun& run, const std::string& key);

/// The numbers of the object `key` by epoch, in the mean over seeds: the largest by name, the rest as "other".
StackChart stack_by_epoch(const ReportRun& run, const std::string& key);

/// The seconds that rank 0 waited for rows of others and those that passed while it computed, by epoch, in the mean
/// over seeds. Without parts where nothing was hidden.
StackChart waits_by_epoch(const ReportRun& run);

/// Over all epochs, in the mean over seeds, largest first.
std::vector<std::pair<std::string, double>> sums_by_name(const ReportRun& run, const std::string& key);

/// Human words for a phase or a kind of traffic, as "halo forward" for "halo_forward".
std::string spoken(std::string name);

/// What the run's main score is called: "accuracy", "micro-F1", "R²".
std::string score_name(Task task);
Unit score_unit(Task task);

}  // namespace tersegraph
