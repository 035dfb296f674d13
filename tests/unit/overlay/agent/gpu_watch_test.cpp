#include "overlay/agent/gpu_watch.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

using namespace std::chrono_literals;

class GpuWatchTest : public ::testing::Test {
 protected:
  // Sleeps until it wants something; whether that is a question.
  bool wake() {
    if (!watch_.next_timeout()) {
      return false;
    }
    now_ = *watch_.next_timeout();
    watch_.handle_timeout(now_);
    return watch_.poll_ask();
  }
  // Asked once and answered.
  void know(const model::GpuAnswer& answer) {
    watch_.start(now_);
    ASSERT_TRUE(wake());
    watch_.handle_answer(now_, answer);
  }

  const model::GpuAnswer eight_{
      .gpus = {.driver = "580.65.06",
               .devices = {{.model = "NVIDIA H200", .count = 8, .memory_bytes = 1}}},
      .why = ""};
  const model::GpuAnswer none_{.gpus = {}, .why = "no GPU: NVML: Driver Not Loaded"};
  const base::Error failure_{base::Errc::Unavailable, "linkspan gpus: ended by signal 11"};
  base::TimePoint now_{10s};
  GpuWatch watch_;
};

TEST_F(GpuWatchTest, IsSilentUntilItIsStarted) {
  EXPECT_FALSE(watch_.next_timeout().has_value());
  EXPECT_FALSE(watch_.poll_ask());
}

TEST_F(GpuWatchTest, AsksAtTheStartAndOnceAnHour) {
  const auto began = now_;
  watch_.start(now_);
  ASSERT_TRUE(wake());
  EXPECT_EQ(now_, began);

  for (int i = 0; i < 3; ++i) {
    now_ = now_ + 2s;
    watch_.handle_answer(now_, eight_);
    const auto answered = now_;
    ASSERT_TRUE(wake());
    EXPECT_EQ(now_ - answered, GpuWatch::kInterval);
  }
}

TEST_F(GpuWatchTest, WhatIsAnsweredIsKnown) {
  EXPECT_FALSE(watch_.known().has_value());

  know(eight_);

  EXPECT_EQ(watch_.known(), eight_.gpus);
  EXPECT_EQ(watch_.problem(), "");
}

TEST_F(GpuWatchTest, ServerWithoutADriverHasNoProblem) {
  know(none_);

  ASSERT_TRUE(watch_.known().has_value());
  EXPECT_TRUE(watch_.known()->devices.empty());
  EXPECT_EQ(watch_.problem(), "");
}

TEST_F(GpuWatchTest, DriverThatWasNeverKnownAndCrashesWhoAsksIsAProblem) {
  watch_.start(now_);
  ASSERT_TRUE(wake());

  watch_.handle_answer(now_, failure_);

  EXPECT_FALSE(watch_.known().has_value());
  EXPECT_EQ(watch_.problem(), "GPUs are not known: linkspan gpus: ended by signal 11");
  EXPECT_TRUE(wake()) << "and asks again";
}

TEST_F(GpuWatchTest, DriverThatWasNeverKnownAndHangsIsAProblem) {
  watch_.start(now_);
  ASSERT_TRUE(wake());

  EXPECT_FALSE(wake());

  EXPECT_EQ(
      watch_.problem(),
      "GPUs are not known: the driver does not answer, and the process that asks it cannot be "
      "ended");
}

TEST_F(GpuWatchTest, FailureOnAServerWithoutADriverKeepsThatThereIsNone) {
  know(none_);
  ASSERT_TRUE(wake());

  watch_.handle_answer(now_, failure_);

  EXPECT_EQ(watch_.known(), none_.gpus);
  EXPECT_EQ(watch_.problem(), "GPUs are not known: linkspan gpus: ended by signal 11");
}

TEST_F(GpuWatchTest, MissingCommandIsAProblemOnlyWhereADriverWas) {
  const base::Error missing(base::Errc::NotFound, "linkspan: not found");
  watch_.start(now_);
  ASSERT_TRUE(wake());
  watch_.handle_answer(now_, missing);
  EXPECT_EQ(watch_.problem(), "");

  ASSERT_TRUE(wake());
  watch_.handle_answer(now_, eight_);
  ASSERT_TRUE(wake());
  watch_.handle_answer(now_, missing);
  EXPECT_EQ(watch_.problem(), "GPUs, known with driver 580.65.06: linkspan: not found");
}

TEST_F(GpuWatchTest, FailureWhereADriverWasKeepsWhatIsKnownAndIsAProblem) {
  know(eight_);
  ASSERT_TRUE(wake());

  watch_.handle_answer(now_, failure_);

  EXPECT_EQ(watch_.known(), eight_.gpus);
  EXPECT_EQ(watch_.problem(),
            "GPUs, known with driver 580.65.06: linkspan gpus: ended by signal 11");
}

TEST_F(GpuWatchTest, DriverThatHasGoneKeepsWhatIsKnownAndIsAProblem) {
  know(eight_);
  ASSERT_TRUE(wake());

  watch_.handle_answer(now_, none_);

  EXPECT_EQ(watch_.known(), eight_.gpus);
  EXPECT_EQ(watch_.problem(), "GPUs, known with driver 580.65.06: no GPU: NVML: Driver Not Loaded");
}

TEST_F(GpuWatchTest, FewerCardsOfADriverThatRunsAreKnown) {
  know(eight_);
  ASSERT_TRUE(wake());
  model::GpuAnswer seven = eight_;
  seven.gpus.devices[0].count = 7;

  watch_.handle_answer(now_, seven);

  EXPECT_EQ(watch_.known(), seven.gpus);
}

TEST_F(GpuWatchTest, ProblemGoesWithTheNextAnswer) {
  know(eight_);
  ASSERT_TRUE(wake());
  watch_.handle_answer(now_, failure_);
  ASSERT_TRUE(wake());

  watch_.handle_answer(now_, eight_);

  EXPECT_EQ(watch_.problem(), "");
}

TEST_F(GpuWatchTest, ChildThatCannotBeEndedIsAProblemAndNoSecondOneIsStarted) {
  know(eight_);
  ASSERT_TRUE(wake());
  const auto asked = now_;

  EXPECT_FALSE(wake());

  EXPECT_EQ(now_ - asked, GpuWatch::kSilenceMax);
  EXPECT_EQ(watch_.problem(),
            "GPUs, known with driver 580.65.06: the driver does not answer, and the process that "
            "asks it cannot be ended");
  EXPECT_EQ(watch_.known(), eight_.gpus);
  EXPECT_FALSE(watch_.next_timeout().has_value());
}

TEST_F(GpuWatchTest, ChildThatEndsAfterAllIsFollowedByAnotherAnHourLater) {
  know(eight_);
  ASSERT_TRUE(wake());
  ASSERT_FALSE(wake());
  now_ = now_ + 48h;

  watch_.handle_answer(now_, failure_);

  EXPECT_EQ(watch_.next_timeout(), now_ + GpuWatch::kInterval);
  EXPECT_TRUE(wake());
}

TEST_F(GpuWatchTest, EventsOutOfTurnAreIgnored) {
  watch_.handle_answer(now_, eight_);
  EXPECT_FALSE(watch_.known().has_value()) << "nobody asked";
  watch_.handle_timeout(now_);
  EXPECT_FALSE(watch_.poll_ask());

  watch_.start(now_ + 5s);
  watch_.handle_timeout(now_);
  EXPECT_FALSE(watch_.poll_ask()) << "too early";
  ASSERT_TRUE(wake());
  const auto deadline = watch_.next_timeout();
  watch_.start(now_);
  EXPECT_EQ(watch_.next_timeout(), deadline) << "started already";
  EXPECT_FALSE(watch_.poll_ask()) << "once";
}

}  // namespace
}  // namespace agent
