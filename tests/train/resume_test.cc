// Training that was interrupted after any epoch and goes on, against training that was not: the same bits.
#include <gtest/gtest.h>

#include "data/synthetic.h"
#include "train/interrupted.h"
#include "train/training.h"

namespace tersegraph {
namespace {

using testing::expect_same;
using testing::interrupted;
using testing::Interruption;
using testing::make_trainer;
using testing::Outcome;
using testing::small_config;

const Dataset& data() {
  static const Dataset dataset = load_dataset("sbm:nodes=240,edges=1200,features=10,classes=4,seed=5");
  return dataset;
}

template <class Config>
Outcome run(const Config& config, int ranks, Interruption how) {
  return interrupted(ranks, how, [&](Channel& channel) {
    return make_trainer(data(), make_partition(data().graph, channel.size(), PartitionMethod::metis_cut, 1), config,
                        channel);
  });
}

template <class Config>
void expect_resumes(const Config& config, int ranks, std::initializer_list<int64_t> epochs) {
  const Outcome whole = run(config, ranks, {});
  for (const int64_t epoch : epochs) {
    SCOPED_TRACE(fmt::format("{} ranks, after epoch {}", ranks, epoch));
    expect_same(run(config, ranks, {.after = epoch, .stopped = true}), whole);
    expect_same(run(config, ranks, {.after = epoch, .stopped = false}), whole);
  }
}

TEST(Resume, GcnIsTheSameBits) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.eval_every = 3;
  expect_resumes(config, 1, {1, 7, 19});
}

TEST(Resume, SageWithDropoutIsTheSameBitsOnAnyRanks) {
  FullGraphConfig config = small_config(ModelKind::sage);
  config.model.input_dropout = 0.2f;
  config.schedule = "cosine:warmup=4";
  for (const int ranks : {1, 2, 4}) expect_resumes(config, ranks, {2, 10, 17});
}

TEST(Resume, RoundedSumsOfGradientsAreTheSameBits) {
  for (const int bits : {8, 16}) {
    FullGraphConfig config = small_config(ModelKind::sage);
    config.reduce_bits = bits;
    config.eval_every = 5;
    expect_resumes(config, 3, {1, 12});
  }
}

/// What the encodings lost is passed on: the weights differ from those of three ranks by little.
TEST(Resume, RoundedSumsOfGradientsGoOnWithOtherRanks) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.reduce_bits = 8;
  const Outcome whole = run(config, 3, {});
  const Outcome fewer = run(config, 3, {.after = 10, .stopped = true, .resumed_ranks = 2});
  EXPECT_NEAR(fewer.epochs.back().train_loss, whole.epochs.back().train_loss, 0.05 * whole.epochs.back().train_loss);
}

TEST(Resume, QuantizedMessagesAreTheSameBits) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.exchange.policy = ExchangePolicy::uniform;
  config.exchange.bits = 2;
  config.eval_every = 0;
  for (const RowChoice rows : {RowChoice::sources, RowChoice::cover}) {
    config.exchange.rows = rows;
    expect_resumes(config, 3, {5});
  }
}

TEST(Resume, RowsOfEarlierEpochsAreTheSameBits) {
  const ExchangeConfig methods[] = {{.policy = ExchangePolicy::pipe},
                                    {.policy = ExchangePolicy::pipe, .bits = 4, .pipe_smoothing = 0.5},
                                    {.policy = ExchangePolicy::sancus, .sancus_bound = 0.5, .sancus_epochs = 5}};
  for (const ExchangeConfig& method : methods) {
    FullGraphConfig config = small_config(ModelKind::gcn);
    config.exchange = method;
    expect_resumes(config, 3, {1, 6});
  }
}

TEST(Resume, WidthsAreTheSameBits) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.exchange.policy = ExchangePolicy::adaptive;
  config.exchange.widths = {0, 1, 2, 4, 8};
  config.exchange.assign_every = 4;
  expect_resumes(config, 3, {1, 4, 6, 15});
  config.exchange.rows = RowChoice::cover;  // partial sums have widths, too
  expect_resumes(config, 3, {6});
  config.exchange.rows = RowChoice::sources;
  config.exchange.policy = ExchangePolicy::random;
  config.exchange.widths = {2, 4};
  expect_resumes(config, 3, {4, 6});
}

/// As in the first epochs of a run: at the widest width until the first choice.
TEST(Resume, OnOtherRanksWidthsAreChosenAnew) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.exchange.policy = ExchangePolicy::adaptive;
  config.exchange.assign_every = 8;
  const Outcome outcome = run(config, 3, {.after = 7, .resumed_ranks = 2});
  EXPECT_LT(outcome.epochs[6].mean_bits, 8.0);
  EXPECT_EQ(outcome.epochs[7].mean_bits, 8.0);
  EXPECT_LT(outcome.epochs[8].mean_bits, 8.0);
  EXPECT_LT(outcome.epochs.back().train_loss, outcome.epochs[6].train_loss);
}

TEST(Resume, OnOtherRanksTheExchangeBeginsAnew) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.model.dropout = 0;
  config.exchange.policy = ExchangePolicy::pipe;
  const auto losses = [&](int ranks) {
    std::vector<double> all;
    for (const EpochMetrics& epoch : run(config, 3, {.after = 6, .resumed_ranks = ranks}).epochs) {
      all.push_back(epoch.train_loss);
    }
    return all;
  };
  // The first epoch after the interruption waits for its rows, so its loss is that of the weights: any two numbers of
  // ranks agree on it.
  const std::vector<double> two = losses(2), four = losses(4), same = losses(3);
  EXPECT_NEAR(two[6], four[6], 1e-5);
  EXPECT_GT(std::abs(two[6] - same[6]), 1e-5);
}

TEST(Resume, EveryOptimizerIsTheSameBits) {
  for (const auto kind : {OptimizerKind::sgd, OptimizerKind::adagrad, OptimizerKind::adadelta}) {
    FullGraphConfig config = small_config(ModelKind::gcn);
    config.optimizer.kind = kind;
    config.optimizer.momentum = 0.9;
    config.optimizer.weight_decay = 1e-3;
    expect_resumes(config, 1, {6});
  }
}

TEST(Resume, PatienceCountsOn) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  config.epochs = 60;
  config.patience = 4;
  expect_resumes(config, 2, {3, 6});
}

TEST(Resume, GrowthIsTheSameBits) {
  MlpConfig config;
  config.model.hidden = 16;
  config.model.dropout = 0.3f;
  config.stages = {2, 3, 5};
  config.stage_epochs = {4, 5, 6};
  config.augment.hops = 2;
  for (const int ranks : {1, 3}) expect_resumes(config, ranks, {1, 4, 5, 9, 10, 14});
}

TEST(Resume, AStateOfAnotherModelIsRefused) {
  FullGraphConfig config = small_config(ModelKind::gcn);
  testing::Keeper keeper(2, nullptr, true);
  run_thread_ranks(1, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    const Partition one = make_partition(data().graph, 1, PartitionMethod::block, 1);
    make_trainer(data(), one, config, channel)->train(keeper);
    config.model.hidden = 48;
    testing::Keeper other(-1, &keeper.saved, false);
    EXPECT_THROW(make_trainer(data(), one, config, channel)->train(other), RunError);
    testing::Keeper again(-1, &keeper.saved, false);
    EXPECT_THROW(make_trainer(data(), one, MlpConfig{}, channel)->train(again), RunError);
  });
}

}  // namespace
}  // namespace tersegraph
