#include "overlay/agent/reporter.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

using namespace std::chrono_literals;

class ReporterTest : public ::testing::Test {
 protected:
  bool wake() {
    if (!reporter_.next_timeout()) {
      return false;
    }
    now_ = *reporter_.next_timeout();
    reporter_.handle_timeout(now_);
    return reporter_.poll_send();
  }

  base::TimePoint now_{10s};
  base::SeededRandom random_{3};
  Reporter reporter_{random_};
};

TEST_F(ReporterTest, IsSilentUntilThereIsSomethingToSay) {
  EXPECT_FALSE(reporter_.next_timeout().has_value());
}

TEST_F(ReporterTest, FirstChangeIsReportedAtOnce) {
  const auto before = now_;
  reporter_.mark_changed(now_);

  EXPECT_TRUE(wake());
  EXPECT_EQ(now_, before);
}

TEST_F(ReporterTest, WithoutChangesItReportsEveryIntervalWithJitter) {
  reporter_.mark_changed(now_);
  for (int i = 0; i < 50; ++i) {
    const auto before = now_;
    ASSERT_TRUE(wake());
    if (i > 0) {
      ASSERT_GE(now_ - before, Reporter::kInterval - Reporter::kJitter);
      ASSERT_LE(now_ - before, Reporter::kInterval + Reporter::kJitter);
    }
    reporter_.handle_sent(now_, true);
  }
}

TEST_F(ReporterTest, ChangesCloseTogetherShareAReport) {
  reporter_.mark_changed(now_);
  wake();
  reporter_.handle_sent(now_, true);
  const auto first = now_;

  reporter_.mark_changed(now_ + 10ms);
  reporter_.mark_changed(now_ + 20ms);

  EXPECT_TRUE(wake());
  EXPECT_EQ(now_ - first, Reporter::kGapMin);
}

TEST_F(ReporterTest, ChangeDuringAReportGoesIntoTheNext) {
  reporter_.mark_changed(now_);
  wake();
  reporter_.mark_changed(now_);
  EXPECT_FALSE(reporter_.next_timeout().has_value());

  reporter_.handle_sent(now_ + 2s, true);

  EXPECT_EQ(*reporter_.next_timeout(), now_ + 2s);
}

TEST_F(ReporterTest, FailedReportIsRepeatedWithinTheBackoffsBound) {
  reporter_.mark_changed(now_);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(wake());
    reporter_.handle_sent(now_, false);
    ASSERT_LE(*reporter_.next_timeout() - now_, Reporter::kRetryMax);
  }
}

TEST_F(ReporterTest, ChangeDoesNotShortenTheBackoff) {
  reporter_.mark_changed(now_);
  wake();
  reporter_.handle_sent(now_, false);
  const auto wake_at = reporter_.next_timeout();

  reporter_.mark_changed(now_);

  EXPECT_EQ(reporter_.next_timeout(), wake_at);
}

TEST_F(ReporterTest, CoordinatorBackInReachIsToldAtOnce) {
  reporter_.mark_changed(now_);
  for (int i = 0; i < 10; ++i) {
    wake();
    reporter_.handle_sent(now_, false);
  }
  now_ += Reporter::kGapMin;

  reporter_.handle_connected(now_);

  EXPECT_EQ(*reporter_.next_timeout(), now_);
}

TEST_F(ReporterTest, AnswerNobodyWaitsForIsIgnored) {
  reporter_.handle_sent(now_, true);

  EXPECT_FALSE(reporter_.next_timeout().has_value());
}

}  // namespace
}  // namespace agent
