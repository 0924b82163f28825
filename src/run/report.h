#pragma once

#include <string>
#include <vector>

#include "data/describe.h"

namespace tersegraph {

/// One HTML page that needs nothing else: on a single run directory everything that its files tell, on several how they
/// compare. `loaded` is the single run's dataset where the caller holds it (its labels and splits are enough where
/// `facts` are given); otherwise it is read again, and the page says so where that fails. Errors: InputError for a
/// folder that holds no finished run.
std::string report_page(const std::vector<std::string>& folders, const Dataset* loaded = nullptr,
                        const DatasetFacts* facts = nullptr);

/// What of the runs a table lists.
enum class TableOf { runs, epochs };

/// The runs' numbers in full, as JSON or CSV: a row a run, or a row an epoch of each seed, whose objects are spread
/// ("seconds.spmm"). Errors: InputError for a folder that holds no finished run.
std::string report_json(const std::vector<std::string>& folders, TableOf of);
std::string report_csv(const std::vector<std::string>& folders, TableOf of);

}  // namespace tersegraph
