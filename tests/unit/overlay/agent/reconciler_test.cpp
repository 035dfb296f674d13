#include "overlay/agent/reconciler.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

using namespace std::chrono_literals;

class ReconcilerTest : public ::testing::Test {
 protected:
  bool wake() {
    if (!reconciler_.next_timeout()) {
      return false;
    }
    now_ = *reconciler_.next_timeout();
    reconciler_.handle_timeout(now_);
    return reconciler_.poll_run();
  }

  base::TimePoint now_{10s};
  base::SeededRandom random_{5};
  Reconciler reconciler_{random_};
};

TEST_F(ReconcilerTest, WithoutAPlanNothingRuns) {
  EXPECT_FALSE(reconciler_.next_timeout().has_value());
  EXPECT_FALSE(reconciler_.is_applied());
}

TEST_F(ReconcilerTest, PlanIsAppliedAtOnceAndRecheckedLater) {
  const auto before = now_;
  reconciler_.set_wanted(now_);
  EXPECT_TRUE(wake());
  EXPECT_EQ(now_, before);

  reconciler_.handle_done(now_, true);

  EXPECT_TRUE(reconciler_.is_applied());
  EXPECT_EQ(*reconciler_.next_timeout() - now_, Reconciler::kRecheckInterval);
  EXPECT_TRUE(wake());
}

TEST_F(ReconcilerTest, OnlyOneRunIsInFlight) {
  reconciler_.set_wanted(now_);
  wake();
  reconciler_.set_wanted(now_);

  EXPECT_FALSE(reconciler_.next_timeout().has_value());
}

TEST_F(ReconcilerTest, PlanThatChangedDuringARunIsAppliedNext) {
  reconciler_.set_wanted(now_);
  wake();
  reconciler_.set_wanted(now_);

  reconciler_.handle_done(now_ + 1s, true);

  EXPECT_FALSE(reconciler_.is_applied());
  EXPECT_EQ(*reconciler_.next_timeout(), now_ + 1s);
}

TEST_F(ReconcilerTest, FailureIsRetriedWithinTheBackoffsBound) {
  reconciler_.set_wanted(now_);
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(wake());
    reconciler_.handle_done(now_, false);
    ASSERT_FALSE(reconciler_.is_applied());
    ASSERT_LE(*reconciler_.next_timeout() - now_, Reconciler::kRetryMax);
  }
}

TEST_F(ReconcilerTest, NewPlanDoesNotWaitForTheBackoff) {
  reconciler_.set_wanted(now_);
  wake();
  reconciler_.handle_done(now_, false);

  reconciler_.set_wanted(now_);

  EXPECT_EQ(*reconciler_.next_timeout(), now_);
}

TEST_F(ReconcilerTest, EndOfARunThatWasNotBegunIsIgnored) {
  reconciler_.handle_done(now_, true);

  EXPECT_FALSE(reconciler_.is_applied());
  EXPECT_FALSE(reconciler_.next_timeout().has_value());
}

}  // namespace
}  // namespace agent
