#include "data/facts_json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace tersegraph {
namespace {

using nlohmann::ordered_json;

constexpr const char* kNoLabels = "none";

Task task_of(const std::string& word) {
  for (const Task task : {Task::multiclass, Task::multilabel, Task::regression}) {
    if (word == task_name(task)) return task;
  }
  if (word != kNoLabels) fail_input("'{}' is no task", word);
  return Task::multiclass;
}

}  // namespace

ordered_json to_json(const DatasetFacts& facts) {
  ordered_json json = {{"name", facts.name},
                       {"format", facts.format},
                       {"nodes", facts.nodes},
                       {"edges", facts.edges},
                       {"directed", facts.directed},
                       {"weighted", facts.weighted},
                       {"mean_degree", facts.mean_degree},
                       {"max_degree", facts.max_degree},
                       {"isolated", facts.isolated},
                       {"features", facts.features},
                       {"feature_entries", facts.feature_entries},
                       {"sparse_features", facts.sparse_features},
                       {"feature_density", facts.feature_density},
                       {"task", facts.outputs == 0 ? kNoLabels : std::string(task_name(facts.task))},
                       {"outputs", facts.outputs},
                       {"labelled", facts.labelled},
                       {"class_counts", facts.class_counts},
                       {"edge_homophily", facts.edge_homophily},
                       {"splits", ordered_json::array()},
                       {"remarks", facts.remarks}};
  for (const auto& split : facts.splits) {
    json["splits"].push_back({{"train", split.train}, {"val", split.val}, {"test", split.test}});
  }
  return json;
}

DatasetFacts facts_of(const ordered_json& json) {
  DatasetFacts facts;
  const auto get = [&](const char* name, auto& field) { json.at(name).get_to(field); };
  get("name", facts.name);
  get("format", facts.format);
  get("nodes", facts.nodes);
  get("edges", facts.edges);
  get("directed", facts.directed);
  get("weighted", facts.weighted);
  get("mean_degree", facts.mean_degree);
  get("max_degree", facts.max_degree);
  get("isolated", facts.isolated);
  get("features", facts.features);
  get("feature_entries", facts.feature_entries);
  get("sparse_features", facts.sparse_features);
  get("feature_density", facts.feature_density);
  facts.task = task_of(json.at("task").get<std::string>());
  get("outputs", facts.outputs);
  get("labelled", facts.labelled);
  get("class_counts", facts.class_counts);
  facts.edge_homophily = std::numeric_limits<double>::quiet_NaN();
  if (!json.at("edge_homophily").is_null()) get("edge_homophily", facts.edge_homophily);
  for (const auto& split : json.at("splits")) {
    facts.splits.push_back(
        {split.at("train").get<int64_t>(), split.at("val").get<int64_t>(), split.at("test").get<int64_t>()});
  }
  get("remarks", facts.remarks);
  return facts;
}

}  // namespace tersegraph
