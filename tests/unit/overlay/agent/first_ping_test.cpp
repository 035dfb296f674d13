#include "overlay/agent/first_ping.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace agent {
namespace {

using namespace std::chrono_literals;

class FirstPingTest : public ::testing::Test {
 protected:
  const FirstPing::Target kGateway{"gateway", base::Address::v4(0x0ac00001)};
  const FirstPing::Target kPeer{"peer", base::Address::v4(0x0ac00002)};

  // Lets time pass to the next deadline and gives whom to ping then.
  std::optional<FirstPing::Target> wake() {
    if (!ping_.next_timeout()) {
      return std::nullopt;
    }
    now_ = *ping_.next_timeout();
    ping_.handle_timeout(now_);
    return ping_.poll_ping();
  }

  base::TimePoint now_{1s};
  FirstPing ping_;
};

TEST_F(FirstPingTest, IsNotUpBeforeTheInterfaceIsConfigured) {
  EXPECT_FALSE(ping_.is_up());
  EXPECT_FALSE(ping_.is_alone());
  EXPECT_FALSE(ping_.next_timeout().has_value());
}

TEST_F(FirstPingTest, NobodyToPingIsUpAndAlone) {
  ping_.set_targets(now_, {});

  EXPECT_TRUE(ping_.is_up());
  EXPECT_TRUE(ping_.is_alone());
  EXPECT_FALSE(ping_.rtt().has_value());
}

TEST_F(FirstPingTest, FirstAnswerMakesItUp) {
  ping_.set_targets(now_, {kGateway, kPeer});
  EXPECT_EQ(wake(), kGateway);
  EXPECT_FALSE(ping_.is_up());

  ping_.handle_reply(now_, 3ms);

  EXPECT_TRUE(ping_.is_up());
  EXPECT_EQ(ping_.rtt(), base::Duration(3ms));
  EXPECT_EQ(ping_.answered_by(), kGateway);
}

TEST_F(FirstPingTest, SilentTargetsTakeTurns) {
  ping_.set_targets(now_, {kGateway, kPeer});
  std::vector<std::string> asked;
  for (int i = 0; i < 7; ++i) {
    asked.push_back(wake()->name);
    ping_.handle_reply(now_, std::nullopt);
  }

  EXPECT_EQ(asked, (std::vector<std::string>{"gateway", "gateway", "gateway", "peer", "peer",
                                             "peer", "gateway"}));
  EXPECT_EQ(ping_.misses(), 7);
}

TEST_F(FirstPingTest, AfterItIsUpItGoesOnMeasuringSlowly) {
  ping_.set_targets(now_, {kGateway});
  wake();
  ping_.handle_reply(now_, 3ms);

  EXPECT_EQ(*ping_.next_timeout() - now_, FirstPing::kRefreshInterval);
  EXPECT_EQ(wake(), kGateway);
}

TEST_F(FirstPingTest, OneLostAnswerLaterDoesNotTakeItDown) {
  ping_.set_targets(now_, {kGateway});
  wake();
  ping_.handle_reply(now_, 3ms);
  wake();
  ping_.handle_reply(now_, std::nullopt);

  EXPECT_TRUE(ping_.is_up());
  EXPECT_EQ(ping_.misses(), 1);
}

TEST_F(FirstPingTest, SilenceOfEverybodyTakesItDownAndForgetsTheRoundTrip) {
  ping_.set_targets(now_, {kGateway, kPeer, {"third", base::Address::v4(0x0ac00003)}});
  wake();
  ping_.handle_reply(now_, 3ms);
  const int everybody = 3 * FirstPing::kAttemptsPerTarget;
  for (int i = 0; i < everybody - 1; ++i) {
    wake();
    ping_.handle_reply(now_, std::nullopt);
  }
  EXPECT_TRUE(ping_.is_up());

  wake();
  ping_.handle_reply(now_, std::nullopt);

  EXPECT_FALSE(ping_.is_up());
  EXPECT_FALSE(ping_.rtt().has_value());
  EXPECT_FALSE(ping_.answered_by().has_value());
}

TEST_F(FirstPingTest, OnlyTargetIsAskedSixTimesBeforeItIsDown) {
  ping_.set_targets(now_, {kGateway});
  wake();
  ping_.handle_reply(now_, 3ms);
  for (int i = 0; i < FirstPing::kMissesDownMin; ++i) {
    EXPECT_TRUE(ping_.is_up()) << i;
    wake();
    ping_.handle_reply(now_, std::nullopt);
  }

  EXPECT_FALSE(ping_.is_up());
}

TEST_F(FirstPingTest, NextAnswerMakesItUpAgain) {
  ping_.set_targets(now_, {kGateway});
  wake();
  ping_.handle_reply(now_, 3ms);
  for (int i = 0; i < FirstPing::kMissesDownMin; ++i) {
    wake();
    ping_.handle_reply(now_, std::nullopt);
  }

  wake();
  ping_.handle_reply(now_, 4ms);

  EXPECT_TRUE(ping_.is_up());
  EXPECT_EQ(ping_.rtt(), base::Duration(4ms));
}

TEST_F(FirstPingTest, LastTargetThatGoesLeavesItUpAndAlone) {
  ping_.set_targets(now_, {kGateway});
  wake();
  ping_.handle_reply(now_, 3ms);

  ping_.set_targets(now_, {});

  EXPECT_TRUE(ping_.is_up());
  EXPECT_TRUE(ping_.is_alone());
  EXPECT_FALSE(ping_.rtt().has_value());
}

TEST_F(FirstPingTest, SameTargetsAgainChangeNothing) {
  ping_.set_targets(now_, {kGateway});
  wake();
  ping_.handle_reply(now_, 3ms);
  const auto wake_at = ping_.next_timeout();

  ping_.set_targets(now_ + 1s, {kGateway});

  EXPECT_EQ(ping_.next_timeout(), wake_at);
}

TEST_F(FirstPingTest, NewTargetsWhileAPingIsInFlightWaitForItsAnswer) {
  ping_.set_targets(now_, {kGateway});
  wake();

  ping_.set_targets(now_, {kPeer});
  EXPECT_FALSE(ping_.next_timeout().has_value());
  ping_.handle_reply(now_, std::nullopt);

  EXPECT_EQ(wake(), kPeer);
}

TEST_F(FirstPingTest, AnswerNobodyWaitsForIsIgnored) {
  ping_.set_targets(now_, {kGateway});

  ping_.handle_reply(now_, 3ms);

  EXPECT_FALSE(ping_.is_up());
}

TEST_F(FirstPingTest, LosingAllTargetsDuringAPingStopsIt) {
  ping_.set_targets(now_, {kGateway});
  wake();
  ping_.set_targets(now_, {});

  ping_.handle_reply(now_, std::nullopt);

  EXPECT_FALSE(ping_.next_timeout().has_value());
  EXPECT_TRUE(ping_.is_alone());
}

TEST_F(FirstPingTest, TargetsAreBounded) {
  std::vector<FirstPing::Target> many;
  for (std::uint32_t i = 0; i < 100; ++i) {
    many.push_back({"n", base::Address::v4(i)});
  }
  ping_.set_targets(now_, many);
  std::vector<base::Address> asked;
  for (int i = 0; i < 100; ++i) {
    asked.push_back(wake()->address);
    ping_.handle_reply(now_, std::nullopt);
  }

  EXPECT_LT(*std::max_element(asked.begin(), asked.end()),
            base::Address::v4(FirstPing::kTargetsMax));
}

}  // namespace
}  // namespace agent
