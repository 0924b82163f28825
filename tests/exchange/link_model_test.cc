#include "exchange/link_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <mutex>
#include <random>
#include <thread>

#include "base/error.h"
#include "comm/forwarding_communicator.h"
#include "comm/launch.h"
#include "exchange/link_probe.h"

namespace tersegraph {
namespace {

TEST(Link, ReadsAndPrintsWords) {
  EXPECT_DOUBLE_EQ(parse_link("1gbit").theta, 8e-9);
  EXPECT_DOUBLE_EQ(parse_link("1gbit").gamma, 0);
  EXPECT_DOUBLE_EQ(parse_link("2.5Gbit,50us").theta, 3.2e-9);
  EXPECT_DOUBLE_EQ(parse_link("1gbit,50us").gamma, 50e-6);
  EXPECT_DOUBLE_EQ(parse_link("100mbit:latency=1ms").theta, 8e-8);
  EXPECT_DOUBLE_EQ(parse_link("100mbit:latency=1ms").gamma, 1e-3);
  for (const char* words : {"1gbit", "1gbit,50us", "100mbit,1ms", "2.5gbit,300ns", "64kbit,2s", "1.6tbit", "free"}) {
    EXPECT_EQ(print_link(parse_link(words)), words);
  }
}

TEST(Link, RefusesOtherWords) {
  for (const char* words : {"", "gbit", "1", "0gbit", "-1gbit", "1gbit,", "1gbit,5", "1gbit,-1us", "1gbit,5parsec",
                            "1gbit;5us", "nangbit", "infgbit", "1gbit,5us,6us", "1gbit:delay=1ms", "1 gbit"}) {
    EXPECT_THROW(parse_link(words), InputError) << words;
  }
}

TEST(Link, FitFindsTheLine) {
  std::vector<ProbeSample> samples;
  for (double bytes = 64; bytes < 1e7; bytes *= 4) samples.push_back({bytes, 8e-9 * bytes + 30e-6});
  const Link exact = fit_link(samples);
  EXPECT_NEAR(exact.theta, 8e-9, 1e-14);
  EXPECT_NEAR(exact.gamma, 30e-6, 1e-10);
  std::mt19937 random(1);
  std::normal_distribution<double> noise(1.0, 0.03);
  for (ProbeSample& sample : samples) sample.seconds *= noise(random);
  const Link noisy = fit_link(samples);
  EXPECT_NEAR(noisy.theta, 8e-9, 0.05 * 8e-9);
  EXPECT_NEAR(noisy.gamma, 30e-6, 0.05 * 30e-6);
}

/// Sum of squared relative residuals.
double misfit(const Link& link, const std::vector<ProbeSample>& samples) {
  double sum = 0;
  for (const ProbeSample& s : samples) sum += std::pow(link.seconds(s.bytes) / s.seconds - 1, 2);
  return sum;
}

TEST(Link, FitIsTheBestThatIsNotNegative) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> seconds(1e-5, 1e-3);
  for (int k = 0; k < 200; ++k) {
    std::vector<ProbeSample> samples;
    for (const double bytes : {64.0, 4096.0, 262144.0}) samples.push_back({bytes, seconds(random)});
    const Link link = fit_link(samples);
    ASSERT_GE(link.theta, 0);
    ASSERT_GE(link.gamma, 0);
    for (const double a : {0.0, 0.5, 0.99, 1.01, 2.0}) {
      for (const double b : {0.0, 0.5, 0.99, 1.01, 2.0}) {
        EXPECT_GE(misfit({a * link.theta, b * link.gamma}, samples), misfit(link, samples) * (1 - 1e-9));
        EXPECT_GE(misfit({a * 1e-9, b * 1e-4}, samples), misfit(link, samples) * (1 - 1e-9));
      }
    }
  }
  EXPECT_EQ(fit_link({}).theta, 0);
}

// A token bucket: the first 128 kB at 10 Gbit/s, the rest at 1 Gbit/s.
TEST(Link, LastsAtTheRateThatABurstHides) {
  std::vector<ProbeSample> shaped, plain;
  for (double bytes = 64; bytes <= 4 << 20; bytes *= 4) {
    const double burst = std::min(bytes, 128e3);
    shaped.push_back({bytes, 30e-6 + 0.8e-9 * burst + 8e-9 * (bytes - burst)});
    plain.push_back({bytes, 30e-6 + 8e-9 * bytes});
  }
  EXPECT_LT(fit_link(shaped).theta, 6e-9) << "a burst that would not mislead";
  EXPECT_NEAR(lasting_link(shaped).theta, 8e-9, 1e-14);
  EXPECT_NEAR(lasting_link(shaped).gamma, 30e-6, 1e-6);
  EXPECT_EQ(lasting_link(plain).theta, fit_link(plain).theta);
  EXPECT_EQ(lasting_link({}).theta, 0);
}

TEST(LinkModel, NumbersComeBack) {
  LinkModel links(3);
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) links.link(a, b) = {1e-9 * (a + 1), 1e-6 * (b + 1)};
  }
  const LinkModel again = LinkModel::from_numbers(3, links.numbers());
  EXPECT_EQ(again.numbers(), links.numbers());
  EXPECT_DOUBLE_EQ(again.link(2, 1).theta, 3e-9);
  EXPECT_THROW(LinkModel::from_numbers(2, links.numbers()), InputError);
  std::vector<double> bad = links.numbers();
  bad[4] = -1;
  EXPECT_THROW(LinkModel::from_numbers(3, bad), InputError);
  bad[4] = std::nan("");
  EXPECT_THROW(LinkModel::from_numbers(3, bad), InputError);
}

TEST(LinkModel, TimesByHand) {
  const LinkModel links = LinkModel::uniform(3, {1, 10});
  // 0 sends 5 to 1 and 7 to 2; 1 sends 100 to 2.
  std::vector<LinkLoad> loads(9);
  loads[1] = {5, 1}, loads[2] = {7, 1}, loads[5] = {100, 2};
  EXPECT_DOUBLE_EQ(all_at_once_seconds(links, loads), 7 + 10 + 100 + 20);  // what 2 receives
  // Round 1: 0->1 15, 1->2 120. Round 2: 0->2 17.
  EXPECT_DOUBLE_EQ(ring_seconds(links, std::vector<int>{0, 1, 2}, loads), 120 + 17);
  // Ranks 0 and 1 on one host: their exchange is free.
  EXPECT_DOUBLE_EQ(ring_seconds(links, std::vector<int>{0, 0, 1}, loads), 120 + 17);
}

/// A thread communicator whose links take time; one message at a time leaves a rank.
class SlowCommunicator : public testing::ForwardingCommunicator {
 public:
  SlowCommunicator(Communicator& inner, const LinkModel& links, const std::vector<int>& host_of)
      : ForwardingCommunicator(inner), links_(links), host_of_(host_of) {}

  const std::vector<int>& host_of() const override { return host_of_; }
  Request send(int peer, int tag, std::span<const std::byte> bytes) override {
    const Link& link = links_.link(host_of_[rank()], host_of_[peer]);
    std::this_thread::sleep_for(std::chrono::duration<double>(link.seconds(static_cast<double>(bytes.size()))));
    return ForwardingCommunicator::send(peer, tag, bytes);
  }

 private:
  const LinkModel& links_;
  const std::vector<int>& host_of_;
};

/// Whether the probe's links are those that were made, but for 30% of a rate and 60% of a latency.
bool close(const LinkModel& probed, const LinkModel& made) {
  bool close = true;
  for (int a = 0; a < made.hosts(); ++a) {
    for (int b = 0; b < made.hosts(); ++b) {
      const Link &found = probed.link(a, b), &link = made.link(a, b);
      close = close && std::abs(found.theta - link.theta) <= 0.3 * link.theta;
      close = close && std::abs(found.gamma - link.gamma) <= 0.6 * link.gamma;
    }
  }
  return close;
}

TEST(LinkProbe, FindsTheLinks) {
  const std::vector<int> host_of{0, 0, 1, 2, 2};
  LinkModel links = LinkModel::uniform(3, {8e-8, 3e-3});
  links.link(0, 1) = {16e-8, 3e-3};
  links.link(2, 0) = {4e-8, 3e-3};
  // A machine that is busy with other things delays messages too: it gets some tries.
  bool found = false;
  for (int tries = 0; tries < 5 && !found; ++tries) {
    std::vector<std::vector<double>> seen(host_of.size());
    run_thread_ranks(static_cast<int>(host_of.size()), 1, [&](Communicator& communicator) {
      SlowCommunicator slow(communicator, links, host_of);
      Channel channel(slow);
      seen[communicator.rank()] = probe_links(channel, host_of).numbers();
    });
    for (const auto& numbers : seen) EXPECT_EQ(numbers, seen[0]);
    found = close(LinkModel::from_numbers(3, seen[0]), links);
  }
  EXPECT_TRUE(found);
}

TEST(LinkProbe, EveryPairOfHostsMeetsOnce) {
  for (const int hosts : {1, 2, 5, 6}) {
    std::vector<int> host_of;
    for (int r = 0; r < hosts; ++r) host_of.push_back(r);
    run_thread_ranks(hosts, 1, [&](Communicator& communicator) {
      Channel channel(communicator);
      const LinkModel links = probe_links(channel, host_of);
      for (int a = 0; a < hosts; ++a) {
        for (int b = 0; b < hosts; ++b) {
          const bool measured = links.link(a, b).theta + links.link(a, b).gamma > 0;
          EXPECT_EQ(measured, a != b) << a << " " << b;
        }
      }
    });
  }
}

}  // namespace
}  // namespace tersegraph
