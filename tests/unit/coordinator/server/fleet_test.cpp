#include "coordinator/server/fleet.h"

#include <gtest/gtest.h>

namespace coordinator {
namespace {

using namespace std::chrono_literals;

class FleetTest : public ::testing::Test {
 protected:
  NodeState state() { return fleet_.state_of(node_, now_); }
  void hear(bool is_up) {
    ASSERT_TRUE(fleet_.accept(node_.id, now_, now_).ok());
    model::NodeReport report;
    report.up = is_up;
    fleet_.report(node_.id, report);
  }

  FleetTest() {
    node_.id = {7};
    node_.joined_at = now_;
  }

  base::WallTime now_{1'764'000'000'000};
  Node node_;
  Fleet fleet_;
};

TEST_F(FleetTest, NewNodeIsJoiningUntilItSaysThatItIsUp) {
  EXPECT_EQ(state(), NodeState::Joining);
  hear(false);
  EXPECT_EQ(state(), NodeState::Joining);
  now_ = now_ + 1s;
  hear(true);
  EXPECT_EQ(state(), NodeState::Up);
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
  ASSERT_TRUE(fleet_.accept(node_.id, now_, now_).ok());
  EXPECT_FALSE(fleet_.accept(node_.id, now_, now_).ok());
}

}  // namespace
}  // namespace coordinator
