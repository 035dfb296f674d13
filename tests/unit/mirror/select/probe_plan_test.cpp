#include "mirror/select/probe_plan.h"

#include <gtest/gtest.h>

#include "mirror/select/parameters.h"

namespace mirror {
namespace {

using namespace std::chrono_literals;

constexpr ReplicaId kA{1};
constexpr ReplicaId kB{2};

class ProbePlanTest : public ::testing::Test {
 protected:
  ProbePlanTest() {
    SiteMap map;
    map.site = "s";
    map.replicas = {{kA, "s", "http://a", "", {{"docker.io", false}}},
                    {kB, "t", "http://b", "", {{"docker.io", false}}}};
    selector_.set_site_map(map, now_);
  }
  using Ids = std::vector<ReplicaId>;

  // Answers the first rounds, until the choice has settled.
  void settle() {
    while (selector_.is_settling()) {
      for (const ReplicaId id : plan_.poll_probes(now_)) {
        plan_.handle_success(id, id == kA ? 1ms : 9ms, now_);
      }
      now_ += selector_.is_settling() ? kRoundIntervalSettling : 0s;
    }
  }

  base::TimePoint now_{1h};
  base::SeededRandom random_{1};
  Selector selector_;
  ProbePlan plan_{selector_, random_};
};

TEST_F(ProbePlanTest, TheFirstRoundIsAtOnceAndAsksEverybody) {
  EXPECT_EQ(plan_.poll_probes(now_), (Ids{kA, kB}));
}

TEST_F(ProbePlanTest, AReplicaIsNotProbedTwiceAtATime) {
  plan_.poll_probes(now_);

  EXPECT_TRUE(plan_.poll_probes(now_ + 10s).empty());
}

TEST_F(ProbePlanTest, TheFirstRoundsAreASecondApart) {
  for (int i = 0; i < kSettlingRounds; ++i) {
    EXPECT_EQ(plan_.poll_probes(now_), (Ids{kA, kB}));
    plan_.handle_success(kA, 1ms, now_);
    plan_.handle_success(kB, 9ms, now_);
    now_ += kRoundIntervalSettling;
  }

  EXPECT_NE(plan_.poll_probes(now_), (Ids{kA, kB}));
}

TEST_F(ProbePlanTest, BetweenRoundsOnlyTheOneInUseIsWatched) {
  settle();

  Ids watched;
  for (base::Duration after = 100ms; after <= kWatchInterval; after += 100ms) {
    for (const ReplicaId id : plan_.poll_probes(now_ + after)) {
      watched.push_back(id);
    }
  }
  EXPECT_EQ(watched, Ids{kA});
}

TEST_F(ProbePlanTest, AFailedProbeIsRepeatedAfterASecond) {
  settle();
  now_ += kWatchInterval;
  EXPECT_EQ(plan_.poll_probes(now_), Ids{kA});
  plan_.handle_failure(kA, "timeout", now_);

  EXPECT_EQ(plan_.next_timeout(), now_ + kReprobeAfterFailure);
  EXPECT_EQ(plan_.poll_probes(now_ + kReprobeAfterFailure), Ids{kA});
}

TEST_F(ProbePlanTest, AFailedRequestIsLookedAtNow) {
  settle();
  plan_.hurry(kB, now_);

  EXPECT_EQ(plan_.poll_probes(now_), Ids{kB});
}

TEST_F(ProbePlanTest, RoundsAre20To30SecondsApart) {
  for (int i = 0; i < 50; ++i) {
    const base::TimePoint begin = now_;
    bool is_round = false;
    while (!is_round) {
      const Ids ids = plan_.poll_probes(now_);
      is_round = ids.size() == 2;
      for (const ReplicaId id : ids) {
        plan_.handle_success(id, 1ms, now_);
      }
      now_ = is_round ? now_ : now_ + 100ms;
    }
    if (i > kSettlingRounds) {
      EXPECT_GE(now_ - begin, kRoundIntervalMin - 1s);
      EXPECT_LE(now_ - begin, kRoundIntervalMax);
    }
    now_ += 100ms;
  }
}

}  // namespace
}  // namespace mirror
