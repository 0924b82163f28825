#include "run/fingerprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "comm/launch.h"

namespace tersegraph {
namespace {

using ::testing::HasSubstr;

const Fingerprint kGood{"1.2.3", {{"lr", "0.1"}, {"model", "gcn"}}, 77};

/// What each of three ranks is told when the last one has another fingerprint.
std::vector<std::string> told(const Fingerprint& last) {
  std::vector<std::string> words(3);
  run_thread_ranks(3, 1, [&](Communicator& communicator) {
    Channel channel(communicator);
    try {
      compare_ranks(channel.rank() == 2 ? last : kGood, channel);
    } catch (const InputError& error) {
      words[channel.rank()] = error.what();
    }
  });
  return words;
}

TEST(Fingerprint, RanksThatAreAlikeAreNotTold) {
  EXPECT_EQ(told(kGood), std::vector<std::string>(3));
}

TEST(Fingerprint, AllRanksNameTheOneThatDiffers) {
  Fingerprint version = kGood, option = kGood, unknown = kGood, data = kGood;
  version.version = "1.2.4";
  option.options["lr"] = "0.2";
  unknown.options.erase("model");
  data.data = 78;
  const std::pair<Fingerprint, std::string> cases[] = {{version, "version 1.2.4 of the program there, 1.2.3 here"},
                                                       {option, "--lr is '0.2' there and '0.1' here"},
                                                       {unknown, "--model is unknown there"},
                                                       {data, "the data (graph, features, labels or split)"}};
  for (const auto& [last, says] : cases) {
    for (const std::string& words : told(last)) {
      EXPECT_THAT(words, HasSubstr("rank 2 ('there') and rank 0 ('here') disagree: " + says));
    }
  }
}

TEST(Fingerprint, IsReadAsItWasWritten) {
  EXPECT_FALSE(difference(Fingerprint::parse(kGood.text()), kGood).has_value());
}

}  // namespace
}  // namespace tersegraph
