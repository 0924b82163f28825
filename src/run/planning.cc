#include "run/planning.h"

#include <algorithm>

#include "base/error.h"
#include "comm/collectives.h"
#include "comm/launch.h"
#include "exchange/link_words.h"
#include "plan/shape_work.h"
#include "run/config.h"
#include "run/cores.h"
#include "run/options.h"
#include "run/sharded_job.h"
#include "run/train_config.h"
#include "run/trainers.h"

namespace tersegraph {
namespace {

/// As resolve() would do on the hosts themselves.
RunConfig resolve_for(RunConfig config, int& hosts) {
  if (config.ranks == 0) config.ranks = reads_shards(config) ? read_manifest(config.data).parts() : 1;
  if (hosts == 0) hosts = static_cast<int>(config.ranks);
  if (hosts > config.ranks) fail_input("--hosts {}: {} ranks are on no more hosts", hosts, config.ranks);
  if (config.threads == 0) config.threads = cores_per_rank(static_cast<int>((config.ranks + hosts - 1) / hosts));
  if (config.exchange.empty() && trainer_kind(config) == TrainerKind::full_graph && hosts > 1) {
    config.exchange = "adaptive";
  }
  return resolve(std::move(config));
}

/// As mpirun places ranks: neighbours together.
std::vector<int> hosts_of_ranks(const PlannedWork& work) {
  std::vector<int> host_of;
  for (int64_t r = 0; r < work.config.ranks; ++r) {
    host_of.push_back(static_cast<int>(r * work.hosts / work.config.ranks));
  }
  return host_of;
}

/// As of predict_memory.
int processes_a_host(const PlannedWork& work) {
  return work.hosts > 1 ? static_cast<int>((work.config.ranks + work.hosts - 1) / work.hosts) : 0;
}

LayerSizes layer_sizes(const PlannedWork& work, int64_t columns) {
  const int64_t inputs = work.shape.features * (work.config.hops + 1);
  return {columns, std::min(columns, inputs), work.shape.outputs, static_cast<int>(work.config.ranks)};
}

void plan_whole(PlannedWork& work, const std::shared_ptr<const Dataset>& dataset) {
  Job job = load_job(work.config, dataset);
  job.partition = partition_job(job);
  fit_memory(job, processes_a_host(work));
  work.config = job.config;
  work.shape = job.shape;
  work.facts = partition_facts(job);
  work.memory = predict_memory(job, work.facts, processes_a_host(work));
  const auto ranks = static_cast<int>(job.config.ranks);
  if (trainer_kind(work.config) == TrainerKind::admm) {
    work.layers = layer_sizes(work, static_cast<int64_t>(job.splits.front().train.size()));
    return;
  }
  work.ranks.resize(ranks);
  const FullGraphConfig config = full_graph_config(job.config);
  const auto on_rank = [&](Communicator& communicator) {
    Channel channel(communicator);
    const WholeData data(*job.dataset, job.aggregation, job.partition, channel.rank());
    work.ranks[channel.rank()] = rank_work(data, job.splits.front(), config, channel);
  };
  run_thread_ranks(ranks, 1, on_rank, 0, hosts_of_ranks(work));
}

/// Each rank reads its own file.
void plan_shards(PlannedWork& work) {
  const auto ranks = static_cast<int>(work.config.ranks);
  work.ranks.resize(ranks);
  const FullGraphConfig config = full_graph_config(work.config);
  const auto on_rank = [&](Communicator& communicator) {
    Channel channel(communicator);
    Job job;
    agree(channel, [&] { job = open_shard(work.config, channel.rank()); });
    share_splits(job, channel);
    work.ranks[channel.rank()] = rank_work(*job.shard, job.splits.front(), config, channel);
    if (channel.rank() != 0) return;
    work.shape = job.shape;
    work.facts = partition_facts(job);
    work.memory = predict_memory(job, work.facts, processes_a_host(work));
  };
  run_thread_ranks(ranks, 1, on_rank, 0, hosts_of_ranks(work));
}

void plan_shape(PlannedWork& work) {
  const ShapeSpec spec = parse_shape(work.config.data);
  const auto ranks = static_cast<int>(work.config.ranks);
  work.estimate = true;
  work.shape = spec.shape;
  if (trainer_kind(work.config) == TrainerKind::admm) {
    if (spec.train == 0) fail_input("{}: ADMM needs train=.., the training nodes", work.config.data);
    work.layers = layer_sizes(work, spec.train);
    return;
  }
  const FullGraphConfig config = full_graph_config(work.config);
  work.ranks = shape_work(spec, config, ranks);
  work.facts.largest_part = work.facts.smallest_part = work.ranks.front().owned;
  work.facts.largest_halo = work.ranks.front().halo;
  work.facts.halo_rows = work.facts.largest_halo * ranks;
  const bool processes = work.hosts > 1;
  const HaloWork* const exchange = work.ranks.front().exchanges.empty() ? nullptr : &work.ranks.front().exchanges[0];
  const int64_t remote = exchange == nullptr ? 0 : exchange->scattered;
  work.memory = predict_memory(work.shape, spec.train > 0 ? spec.train : work.shape.nodes, config,
                               {.ranks = ranks,
                                .ranks_here = processes ? 1 : ranks,
                                .halo_rows = processes ? work.facts.largest_halo : work.facts.halo_rows,
                                .cut_edges = processes ? remote : remote * ranks,
                                .sharded = true});
}

}  // namespace

PlannedWork plan_work(RunConfig words, int hosts, const std::shared_ptr<const Dataset>& dataset) {
  PlannedWork work;
  work.hosts = hosts;
  work.config = resolve_for(std::move(words), work.hosts);
  const TrainerKind kind = trainer_kind(work.config);
  if (kind == TrainerKind::mlp) {
    fail_input("plan knows --model gcn and sage, and gamlp with --optimizer admm, but not {} by back-propagation",
               work.config.model);
  }
  if (kind == TrainerKind::admm && node_ranks(work.config) > 1) {
    fail_input("plan knows ADMM whose ranks share its layers, not yet --node-ranks {}", node_ranks(work.config));
  }
  if (is_shape(work.config.data)) {
    plan_shape(work);
  } else if (reads_shards(work.config)) {
    plan_shards(work);
  } else {
    plan_whole(work, dataset);
  }
  return work;
}

namespace {

RunPlan plan_layers(const PlannedWork& work, const PlanPlace& place, const Rates* rates) {
  const AdmmConfig config = admm_trainer_config(work.config).admm;
  const LinkModel links = over_tcp(parse_links(place.link, work.hosts), place.one_machine);
  const LayerTraffic bytes = layer_traffic(config, *work.layers);
  RunPlan plan;
  plan.traffic.epoch = bytes.epoch;
  plan.run = bytes.run;
  plan.bits.low = plan.bits.high = static_cast<int>(work.config.bits == 0 ? 32 : work.config.bits);
  if (rates == nullptr) return plan;
  const bool alone = work.hosts == 1;
  Link link = alone ? Link{rates->copy(Rates::kCached), 0} : links.link(0, 1);
  link.gamma += rates->number("message");
  const LayerPlace where{.threads = static_cast<int>(work.config.threads),
                         .one_process = alone,
                         .one_machine = place.one_machine || alone,
                         .link = link};
  const LayerSeconds seconds = layer_seconds(config, *work.layers, where, *rates);
  plan.seconds = {seconds.iteration, seconds.phases};
  plan.seconds->phases["dearest_rank"] = seconds.balanced;
  return plan;
}

}  // namespace

RunPlan plan_run(const PlannedWork& work, const PlanPlace& place, const Rates* rates) {
  if (work.layers) return plan_layers(work, place, rates);
  Placement placement{.host_of = hosts_of_ranks(work),
                      .threads = static_cast<int>(work.config.threads),
                      .links = over_tcp(parse_links(place.link, work.hosts), place.one_machine),
                      .one_machine = place.one_machine};
  const FullGraphConfig config = full_graph_config(work.config);
  const Link link = work.hosts > 1 ? placement.links.link(0, 1) : parse_link(WidthPolicy::kLinkOnOneHost);
  RunPlan plan;
  plan.bits = row_bits(config.exchange, work.ranks, link);
  plan.traffic = traffic(work.shape, config, work.ranks, plan.bits);
  plan.run = plan.traffic.run(config.epochs, evaluations(config.epochs, config.eval_every));
  if (rates != nullptr) plan.seconds = epoch_seconds(config, work.ranks, plan.bits, *rates, placement);
  return plan;
}

}  // namespace tersegraph
