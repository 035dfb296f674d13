#include "coordinator/server/fleet.h"

#include <gtest/gtest.h>

namespace coordinator {
namespace {

using namespace std::chrono_literals;

class FleetTest : public ::testing::Test {
 protected:
  NodeState state() { return fleet_.state_of(node_, now_); }
  void hear(bool is_up) {
    ASSERT_TRUE(accept(first_));
    model::NodeReport report;
    report.up = is_up;
    fleet_.report(node_.id, report);
  }

  bool accept(const model::HostId& host, std::uint32_t remote = 1) {
    now_ = now_ + 1ms;  // no time is taken twice
    verdict_ = fleet_.accept(node_, host, base::Address::v4(remote), now_, now_);
    return verdict_.status.ok();
  }

  FleetTest() {
    node_.id = {7};
    node_.name = "alpha";
    node_.machine_id = first_.machine_id;
    node_.boot_id = first_.boot_id;
    node_.joined_at = now_;
  }

  base::WallTime now_{1'764'000'000'000};
  model::HostId first_{.machine_id = "m1", .boot_id = "b1"};
  model::HostId rebooted_{.machine_id = "m1", .boot_id = "b2"};
  model::HostId other_machine_{.machine_id = "m2", .boot_id = "b9"};
  Node node_;
  Fleet fleet_{now_};
  Fleet::Verdict verdict_;
};

TEST_F(FleetTest, NewNodeIsJoiningUntilItSaysThatItIsUp) {
  EXPECT_EQ(state(), NodeState::Joining);
  hear(false);
  EXPECT_EQ(state(), NodeState::Joining);
  now_ = now_ + 1s;
  hear(true);
  EXPECT_EQ(state(), NodeState::Up);
}

TEST_F(FleetTest, NodeThatWasUpAndIsNotIsDown) {
  ASSERT_TRUE(accept(first_));
  model::NodeReport report;
  report.up = false;
  report.first_ping_ms = 12;

  fleet_.report(node_.id, report);

  EXPECT_EQ(state(), NodeState::Down);
  EXPECT_EQ(name_of(state()), "down");
}

TEST_F(FleetTest, SilentNodeIsOffline) {
  hear(true);
  now_ = now_ + Fleet::kSilenceMax + 1s;
  EXPECT_EQ(state(), NodeState::Offline);
}

TEST_F(FleetTest, OpenStreamIsASignOfLife) {
  hear(true);
  fleet_.stream_opened(node_.id);
  now_ = now_ + 24h;
  EXPECT_EQ(state(), NodeState::Up);
  fleet_.stream_closed(node_.id, now_);
  EXPECT_EQ(state(), NodeState::Up);
  now_ = now_ + 2min;
  EXPECT_EQ(state(), NodeState::Offline);
}

TEST_F(FleetTest, RepeatedRequestIsRefused) {
  const base::Address remote;
  ASSERT_TRUE(fleet_.accept(node_, first_, remote, now_, now_).status.ok());
  EXPECT_FALSE(fleet_.accept(node_, first_, remote, now_, now_).status.ok());
}

TEST_F(FleetTest, SecondMachineIsParkedWhileTheFirstIsAlive) {
  ASSERT_TRUE(accept(first_, 0xc0000201));
  now_ = now_ + (Fleet::kSilenceMax - 1s);

  EXPECT_FALSE(accept(other_machine_, 0xc0000209));
  EXPECT_EQ(verdict_.status.error().code(), base::Errc::Conflict);
  EXPECT_EQ(verdict_.status.error().text(),
            "this server has the identity of node \"alpha\", for which another one speaks, heard "
            "from 192.0.2.1: its disk looks like a copy; run 'linkspan leave' here and join again");
  EXPECT_TRUE(verdict_.is_news);
  const auto parked = fleet_.parked(node_.id, now_);
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(parked[0].host, other_machine_);
  EXPECT_EQ(parked[0].remote->text(), "192.0.2.9");

  EXPECT_FALSE(accept(other_machine_));
  EXPECT_FALSE(verdict_.is_news) << "it is known by now";
  EXPECT_TRUE(accept(first_));
}

TEST_F(FleetTest, ParkedRequestChangesNothingForTheOneThatSpeaks) {
  ASSERT_TRUE(accept(first_));
  const base::WallTime heard = now_;
  for (int i = 0; i < 20; ++i) {
    // Its clock is ahead: none of this may push the other's times out of the replay window.
    fleet_.accept(node_, other_machine_, {}, now_ + 1min + std::chrono::seconds(i), now_);
  }
  EXPECT_EQ(fleet_.find(node_.id)->last_seen, heard);
  EXPECT_TRUE(accept(first_));
}

TEST_F(FleetTest, RebootIsTakenForWhatItIs) {
  ASSERT_TRUE(accept(first_));
  EXPECT_TRUE(accept(rebooted_));
  EXPECT_TRUE(accept(rebooted_));
  EXPECT_FALSE(verdict_.is_news);
  EXPECT_TRUE(fleet_.parked(node_.id, now_).empty());
}

TEST_F(FleetTest, RebootSinceTheCoordinatorStartedIsTakenToo) {
  EXPECT_TRUE(accept(rebooted_));
  EXPECT_TRUE(fleet_.parked(node_.id, now_).empty());
}

TEST_F(FleetTest, CopyThatPassedForARebootIsParkedOnceTheFirstSpeaksAgain) {
  ASSERT_TRUE(accept(first_));
  ASSERT_TRUE(accept(rebooted_));

  EXPECT_TRUE(accept(first_));
  EXPECT_TRUE(verdict_.is_news);
  ASSERT_EQ(fleet_.parked(node_.id, now_).size(), 1U);
  EXPECT_EQ(fleet_.parked(node_.id, now_)[0].host, rebooted_);
  EXPECT_FALSE(accept(rebooted_));
  EXPECT_TRUE(accept(first_));
}

TEST_F(FleetTest, MachineThatChangedItsIdTakesOverFromOneThatIsSilent) {
  ASSERT_TRUE(accept(first_));
  now_ = now_ + Fleet::kSilenceMax + 1s;
  EXPECT_TRUE(accept(other_machine_));
  EXPECT_TRUE(accept(other_machine_));
}

TEST_F(FleetTest, MachineThatEnrolledComesFirstAfterACoordinatorStarted) {
  EXPECT_FALSE(accept(other_machine_));
  EXPECT_TRUE(accept(first_));
  EXPECT_FALSE(accept(other_machine_));
}

TEST_F(FleetTest, ManyCopiesCostABoundedAmount) {
  ASSERT_TRUE(accept(first_));
  int news = 0;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(accept({.machine_id = "copy-" + std::to_string(i), .boot_id = "b"}));
    news += verdict_.is_news ? 1 : 0;
  }
  EXPECT_EQ(fleet_.parked(node_.id, now_).size(), Fleet::kParkedMax);
  EXPECT_EQ(news, 1);
  now_ = now_ + Fleet::kParkedShownFor + 1s;
  EXPECT_TRUE(fleet_.parked(node_.id, now_).empty());
}

}  // namespace
}  // namespace coordinator
