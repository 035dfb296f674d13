#include "mirror/select/health.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

using namespace std::chrono_literals;
using State = Health::State;
using Witness = Health::Witness;
constexpr base::TimePoint kStart{1h};

class HealthTest : public ::testing::Test {
 protected:
  void fail(int times) {
    for (int i = 0; i < times; ++i) {
      health_.handle_failure(Witness::Probe, "refused", now_);
    }
  }
  void eject() { fail(2); }

  base::TimePoint now_ = kStart;
  Health health_{0.0};
};

TEST_F(HealthTest, OneFailureIsSuspicionTwoInARowEject) {
  fail(1);
  EXPECT_EQ(health_.state(now_), State::Suspect);

  fail(1);
  EXPECT_EQ(health_.state(now_), State::Ejected);
  EXPECT_EQ(health_.last_failure(), "refused");
}

TEST_F(HealthTest, SuccessBetweenFailuresClearsSuspicion) {
  fail(1);
  health_.handle_success(Witness::Probe, now_);
  fail(1);

  EXPECT_EQ(health_.state(now_), State::Suspect);
}

TEST_F(HealthTest, EjectionsDoubleFrom30SecondsTo10Minutes) {
  for (const base::Duration span : {30s, 60s, 120s, 240s, 480s, 600s, 600s}) {
    eject();
    EXPECT_EQ(*health_.ejected_until() - now_, span);
    now_ = *health_.ejected_until();
    EXPECT_EQ(health_.state(now_), State::HalfOpen);
    health_.handle_success(Witness::Request, now_);
    EXPECT_EQ(health_.state(now_), State::Healthy);
  }
}

TEST_F(HealthTest, TenHealthyMinutesForgetEarlierEjections) {
  eject();
  now_ = *health_.ejected_until();
  health_.handle_success(Witness::Request, now_);

  now_ += 10min;
  health_.handle_success(Witness::Request, now_);
  eject();

  EXPECT_EQ(*health_.ejected_until() - now_, base::Duration(30s));
}

TEST_F(HealthTest, HalfOpenClosesAfterThreeProbesOrOneRequest) {
  eject();
  now_ = *health_.ejected_until();
  health_.handle_success(Witness::Probe, now_);
  health_.handle_success(Witness::Probe, now_);
  EXPECT_EQ(health_.state(now_), State::HalfOpen);

  health_.handle_success(Witness::Probe, now_);
  EXPECT_EQ(health_.state(now_), State::Healthy);
}

TEST_F(HealthTest, HalfOpenFailsAtTheFirstFailure) {
  eject();
  now_ = *health_.ejected_until();
  fail(1);

  EXPECT_EQ(health_.state(now_), State::Ejected);
  EXPECT_EQ(*health_.ejected_until() - now_, base::Duration(60s));
}

TEST_F(HealthTest, ProbesDuringEjectionChangeNothingARequestEndsIt) {
  eject();
  health_.handle_success(Witness::Probe, now_);
  EXPECT_EQ(health_.state(now_), State::Ejected);

  health_.handle_success(Witness::Request, now_);
  EXPECT_EQ(health_.state(now_), State::Healthy);
}

TEST_F(HealthTest, BytesOfARealPullOutweighLostProbesButNotFailedRequests) {
  health_.handle_bytes(now_);
  now_ += 8s;
  fail(5);
  EXPECT_EQ(health_.state(now_), State::Healthy);

  health_.handle_failure(Witness::Request, "reset", now_);
  health_.handle_failure(Witness::Request, "reset", now_);
  EXPECT_EQ(health_.state(now_), State::Ejected);
}

TEST_F(HealthTest, EvidenceOfLifeEndsAfter8Seconds) {
  health_.handle_bytes(now_);
  now_ += 8s + 1ms;
  fail(2);

  EXPECT_EQ(health_.state(now_), State::Ejected);
}

}  // namespace
}  // namespace mirror
