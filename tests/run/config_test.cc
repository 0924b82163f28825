#include "run/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "data/npz_files.h"
#include "run/cores.h"
#include "run/options.h"
#include "run/suggest.h"

namespace tersegraph {
namespace {

using testing::error_of;
using ::testing::HasSubstr;

// A value of the option that differs from its default.
std::string other_word(const Option& option) {
  const std::string now = option_word({}, option);
  for (std::string_view choice : option.choices) {
    if (choice != now) return std::string(choice);
  }
  if (now == "true" || now == "false") return now == "true" ? "false" : "true";
  if (std::holds_alternative<double RunConfig::*>(option.field)) return "0.12345678901234567";
  if (std::holds_alternative<int64_t RunConfig::*>(option.field)) return "7";
  return "words \"in\" \\ quotes\t";
}

TEST(Config, TomlHoldsEveryOption) {
  RunConfig config;
  for (const Option& option : options()) set_option(config, option, other_word(option), option.name);
  const testing::TemporaryFolder folder;
  RunConfig read;
  read_config(folder.write("config.toml", to_toml(config)), read);
  for (const Option& option : options()) {
    EXPECT_EQ(option_word(read, option), option_word(option.repeats ? config : RunConfig{}, option)) << option.name;
  }
}

TEST(Config, DefaultsComeBackFromToml) {
  const testing::TemporaryFolder folder;
  const std::string text = to_toml({});
  RunConfig read;
  read_config(folder.write("config.toml", text), read);
  EXPECT_EQ(to_toml(read), text);
  // An empty file is a file of defaults.
  RunConfig untouched;
  read_config(folder.write("empty.toml", ""), untouched);
  EXPECT_EQ(to_toml(untouched), text);
}

TEST(Config, WholeNumbersServeAsFractionsInToml) {
  const testing::TemporaryFolder folder;
  RunConfig config;
  read_config(folder.write("config.toml", "lr = 1\nweight-decay = 5e-4\n"), config);
  EXPECT_EQ(config.lr, 1.0);
  EXPECT_EQ(config.weight_decay, 5e-4);
}

TEST(Config, DefaultsAreAllowed) {
  for (const Option& option : options()) EXPECT_NO_THROW(check_option({}, option, option.name)) << option.name;
  EXPECT_NO_THROW(resolve({}));
}

TEST(Config, NumbersOutsideTheirBoundsAreRefused) {
  for (const Option& option : options()) {
    for (const auto& [bound, open, step] : {std::tuple{option.bounds.low, option.bounds.open_low, -1.0},
                                            {option.bounds.high, option.bounds.open_high, 1.0}}) {
      if (!std::isfinite(bound)) continue;
      RunConfig config;
      const std::string beyond = fmt::format("{}", open ? bound : bound + step);
      EXPECT_THAT(error_of<InputError>([&] { set_option(config, option, beyond, "here"); }), HasSubstr("here is"))
          << option.name;
      if (open) continue;
      EXPECT_NO_THROW(set_option(config, option, fmt::format("{}", bound), "here")) << option.name << ' ' << bound;
    }
  }
}

TEST(Config, ResolveFillsWhatIsAutomatic) {
  const RunConfig exact = resolve({});
  EXPECT_EQ(exact.ranks, 1);
  EXPECT_GE(exact.threads, 1);
  EXPECT_EQ(exact.bits, 32);
  EXPECT_THAT(exact.out, ::testing::MatchesRegex("runs/[0-9]+T[0-9]+Z-gcn"));
  RunConfig uniform;
  uniform.exchange = "uniform";
  EXPECT_EQ(resolve(uniform).bits, 8);
  uniform.bits = 3;
  EXPECT_EQ(resolve(uniform).bits, 3);
}

TEST(Config, ResolveTwiceIsResolveOnce) {
  const RunConfig once = resolve({});
  EXPECT_EQ(to_toml(resolve(once)), to_toml(once));
}

TEST(Config, ValuesSetInCodeAreCheckedToo) {
  RunConfig config;
  config.dropout = 1.5;
  EXPECT_THAT(error_of<InputError>([&] { resolve(config); }), HasSubstr("--dropout is 1.5"));
  config = {};
  config.model = "GCN";
  EXPECT_THAT(error_of<InputError>([&] { resolve(config); }), HasSubstr("known: gcn, sage"));
  config = {};
  config.lr = std::nan("");
  EXPECT_NE(error_of<InputError>([&] { resolve(config); }), "");
}

TEST(Cores, AreSharedAmongTheRanksOfAHost) {
  EXPECT_GE(cores_per_rank(1), cores_per_rank(2));
  EXPECT_EQ(cores_per_rank(1000000), 1);
  EXPECT_EQ(cores_lost_to_binding(1), 0);
}

TEST(Suggest, CountsEdits) {
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("adam", "adam"), 0);
  EXPECT_EQ(edit_distance("adma", "adam"), 1);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(Suggest, OnlyWhatIsNear) {
  const std::string_view known[] = {"epochs", "hidden", "lr"};
  EXPECT_EQ(did_you_mean("epoch", known), "; did you mean epochs?");
  EXPECT_EQ(did_you_mean("ls", known), "; did you mean lr?");
  EXPECT_EQ(did_you_mean("quantisation", known), "");
  EXPECT_EQ(did_you_mean("", known), "");
}

}  // namespace
}  // namespace tersegraph
