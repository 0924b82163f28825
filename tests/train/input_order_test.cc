#include "train/input_order.h"

#include <gtest/gtest.h>

namespace tersegraph {
namespace {

/// 10,000 nodes of degree 10, 128 dense features, hidden 256, four ranks.
InputFacts facts() {
  return {.nodes = 10000,
          .operator_entries = 110000,
          .features = 128,
          .feature_entries = 1280000,
          .sparse = false,
          .width = 256,
          .halo_rows = 8000,
          .ranks = 4,
          .bits = 32};
}

InputFacts bag_of_words() {
  InputFacts words = facts();
  words.features = 8000;
  words.feature_entries = 500000;
  words.sparse = true;
  words.width = 16;
  return words;
}

FullGraphConfig config(int64_t hidden = 256) {
  FullGraphConfig config;
  config.model.hidden = hidden;
  return config;
}

TEST(InputOrder, ConstantDenseFeaturesAreAggregatedOnce) {
  EXPECT_EQ(choose_input_order(facts(), config()), ConvOrder::aggregated_input);
  InputFacts wider = facts();
  wider.features = 500;
  EXPECT_EQ(choose_input_order(wider, config()), ConvOrder::aggregated_input);
}

TEST(InputOrder, WithoutTheCacheOrWithInputDropoutTheNarrowerSideTravels) {
  FullGraphConfig uncached = config(), dropped = config();
  uncached.layer0_cache = false;
  dropped.model.input_dropout = 0.5f;
  for (const FullGraphConfig& c : {uncached, dropped}) {
    EXPECT_EQ(choose_input_order(facts(), c), ConvOrder::aggregate_first) << "128 < 256";
    InputFacts wide = facts();
    wide.features = 300;
    EXPECT_EQ(choose_input_order(wide, c), ConvOrder::transform_first);
    EXPECT_EQ(choose_input_order(bag_of_words(), c), ConvOrder::transform_first);
  }
}

TEST(InputOrder, SparseFeaturesAreNeverMadeDenseUnasked) {
  FullGraphConfig dropped = config();
  dropped.model.input_dropout = 0.5f;
  InputFacts sparse = facts();
  sparse.sparse = true;
  sparse.feature_entries /= 10;
  EXPECT_EQ(choose_input_order(sparse, dropped), ConvOrder::transform_first);
}

TEST(InputOrder, FeaturesFarWiderThanTheModelAreNotKeptAggregated) {
  EXPECT_EQ(choose_input_order(bag_of_words(), config(16)), ConvOrder::transform_first);
  InputFacts wide = facts();
  wide.features = 4096;
  wide.width = 16;
  EXPECT_EQ(choose_input_order(wide, config(16)), ConvOrder::transform_first);
}

TEST(InputOrder, AggregateFirstIsObeyed) {
  FullGraphConfig first = config(16);
  first.model.aggregate_first = true;
  EXPECT_EQ(choose_input_order(bag_of_words(), first), ConvOrder::aggregated_input);
  first.model.input_dropout = 0.5f;
  EXPECT_EQ(choose_input_order(bag_of_words(), first), ConvOrder::aggregate_first);
  first.layer0_cache = false;
  first.model.input_dropout = 0.0f;
  EXPECT_EQ(choose_input_order(bag_of_words(), first), ConvOrder::aggregate_first);
}

TEST(InputOrder, FactsOfADataset) {
  const Dataset dataset = load_dataset("sbm:nodes=100,edges=300,features=7,classes=3,seed=1");
  FullGraphConfig c = config(32);
  c.exchange = {ExchangePolicy::uniform, 4};
  const InputFacts found = input_facts(shape_of(dataset), 700, c, 12, 2);
  EXPECT_EQ(found.nodes, 100);
  EXPECT_EQ(found.operator_entries, 700);
  EXPECT_EQ(found.features, 7);
  EXPECT_EQ(found.feature_entries, 700);
  EXPECT_FALSE(found.sparse);
  EXPECT_EQ(found.width, 32);
  EXPECT_EQ(found.bits, 4);
  c.model.layers = 1;
  EXPECT_EQ(input_facts(shape_of(dataset), 700, c, 12, 2).width, 3);
  c.exchange = {ExchangePolicy::exact, 4};
  EXPECT_EQ(input_facts(shape_of(dataset), 700, c, 12, 2).bits, 32);
}

}  // namespace
}  // namespace tersegraph
