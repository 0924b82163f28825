#include "run/presets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "data/npz_files.h"
#include "run/config.h"
#include "run/options.h"

namespace tersegraph {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;

RunConfig with_preset(const std::string& name) {
  RunConfig config;
  start_from_preset(config, name, "here");
  config.preset.clear();
  config.data = "data.npz";
  config.out = "run";
  return config;
}

TEST(Presets, ResolveToPlainOptionsThatComeBackFromToml) {
  const testing::TemporaryFolder folder;
  std::set<std::string> names;
  for (const Preset& preset : presets()) {
    EXPECT_TRUE(names.insert(preset.name).second) << preset.name;
    const RunConfig config = resolve(with_preset(preset.name));
    const std::string text = to_toml(config);
    EXPECT_THAT(text, Not(HasSubstr("preset"))) << preset.name;
    RunConfig read;
    read_config(folder.write("config.toml", text), read);
    EXPECT_EQ(to_toml(resolve(read)), text) << preset.name;
  }
}

// As the papers and their code state them: layers, width, rates, epochs, cycles of assignment, rho = nu.
TEST(Presets, AreThePapersSettings) {
  const RunConfig products = resolve(with_preset("adaqp-products-sage"));
  EXPECT_EQ(products.model, "sage");
  EXPECT_EQ(products.layers, 3);
  EXPECT_EQ(products.hidden, 256);
  EXPECT_EQ(products.dropout, 0.5);
  EXPECT_EQ(products.lr, 0.01);
  EXPECT_EQ(products.epochs, 250);
  EXPECT_EQ(products.exchange, "adaptive");
  EXPECT_EQ(products.widths, "2,4,8");
  EXPECT_EQ(products.assign_every, 50);
  const RunConfig citeseer = resolve(with_preset("pdadmm-g-q-citeseer-10x100"));
  EXPECT_EQ(citeseer.optimizer, "admm");
  EXPECT_EQ(citeseer.layers, 10);
  EXPECT_EQ(citeseer.hidden, 100);
  EXPECT_EQ(citeseer.epochs, 600);
  EXPECT_EQ(citeseer.rho, 1e-3);
  EXPECT_EQ(citeseer.nu, 1e-3);
  EXPECT_EQ(citeseer.quantize, "p");
  EXPECT_EQ(resolve(with_preset("pdadmm-g-citeseer-10x100")).rho, 1e-4);
}

TEST(Presets, AreReadBeforeEverythingElse) {
  const testing::TemporaryFolder folder;
  RunConfig config;
  // Wherever it stands in the file, and also against a value that is the default.
  read_config(folder.write("a.toml", "hidden = 32\nguard-every = 100\npreset = \"adaqp-yelp\"\n"), config);
  EXPECT_EQ(config.hidden, 32);
  EXPECT_EQ(config.guard_every, 100);
  EXPECT_EQ(config.epochs, 1000);
  // A preset that has been applied stays.
  config = {};
  start_from_preset(config, "adaqp-reddit", "--preset");
  read_config(folder.file("a.toml"), config);
  EXPECT_EQ(config.epochs, 500);
  EXPECT_EQ(config.hidden, 32);
}

TEST(Presets, FillTheMembersThatHaveTheirDefault) {
  RunConfig config;
  config.preset = "adaqp-amazonproducts";
  config.data = "data.npz";
  config.epochs = 3;
  const RunConfig resolved = resolve(config);
  EXPECT_EQ(resolved.epochs, 3);
  EXPECT_EQ(resolved.assign_every, 240);
  EXPECT_EQ(resolved.preset, "");
}

TEST(Presets, RefuseUnknownNamesAndTheBuiltInGraph) {
  RunConfig config;
  config.preset = "adaqp-redit";
  config.data = "data.npz";
  EXPECT_THAT(error_of<InputError>([&] { resolve(config); }), HasSubstr("did you mean adaqp-reddit?"));
  config.preset = "adaqp-reddit";
  config.data = RunConfig{}.data;
  EXPECT_THAT(error_of<InputError>([&] { resolve(config); }), HasSubstr("is for Reddit"));
  const testing::TemporaryFolder folder;
  EXPECT_THAT(
      error_of<InputError>([&] { read_config(folder.write("a.toml", "\npreset = \"pdadmm\"\n"), config = {}); }),
      HasSubstr("a.toml:2: preset 'pdadmm' is not known"));
}

}  // namespace
}  // namespace tersegraph
