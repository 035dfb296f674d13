#include "mirror/select/selector.h"

#include <gtest/gtest.h>

#include "mirror/select/parameters.h"

namespace mirror {
namespace {

using namespace std::chrono_literals;

constexpr ReplicaId kA{1};
constexpr ReplicaId kB{2};
constexpr ReplicaId kC{3};

class SelectorTest : public ::testing::Test {
 protected:
  SelectorTest() { selector_.set_site_map(map({kA, kB, kC}), now_); }

  static SiteMap map(const std::vector<ReplicaId>& ids) {
    SiteMap map;
    map.site = "s1";
    map.node = "n";
    for (const ReplicaId id : ids) {
      const std::string digit = std::to_string(id.value);
      map.replicas.push_back(
          {id, "s" + digit, "http://r" + digit + ":5000", "", {{"docker.io", false}}});
    }
    return map;
  }

  // A round; the first one goes on until the choice has settled.
  void round(base::Duration a, base::Duration b, base::Duration c) {
    do {
      one_round(a, b, c);
    } while (selector_.is_settling());
  }
  void one_round(base::Duration a, base::Duration b, base::Duration c) {
    selector_.handle_probe_success(kA, a, now_);
    selector_.handle_probe_success(kB, b, now_);
    selector_.handle_probe_success(kC, c, now_);
    selector_.handle_round(now_);
    now_ += 25s;
  }
  void kill(ReplicaId id) {
    selector_.handle_probe_failure(id, "refused", now_);
    selector_.handle_probe_failure(id, "refused", now_);
  }
  std::vector<ReplicaId> ask(const Want& want) {
    std::vector<ReplicaId> out;
    for (const Candidate& candidate : selector_.choose(want, now_).candidates) {
      out.push_back(candidate.id);
    }
    return out;
  }
  std::optional<ReplicaId> preferred() { return selector_.preferred("docker.io"); }

  using Ids = std::vector<ReplicaId>;
  const Want want_{"docker.io", "sha256:x", true, {}};
  base::TimePoint now_{1h};
  Selector selector_;
};

TEST_F(SelectorTest, AHandshakeInTheFirstProbeDoesNotDecide) {
  one_round(60ms, 15ms, 50ms);
  EXPECT_EQ(preferred(), kB);

  one_round(3ms, 15ms, 50ms);

  EXPECT_EQ(preferred(), kA);
}

TEST_F(SelectorTest, AReplicaThatAppearsLaterIsTakenAtOnceWhenItIsNearer) {
  selector_.set_site_map(map({kB}), now_);
  for (int i = 0; i < 10; ++i) {
    selector_.handle_probe_success(kB, 15ms, now_);
    selector_.handle_round(now_);
  }
  EXPECT_EQ(preferred(), kB);

  selector_.set_site_map(map({kA, kB}), now_);
  selector_.handle_probe_success(kA, 3ms, now_);
  selector_.handle_round(now_);

  EXPECT_EQ(preferred(), kA);
}

TEST_F(SelectorTest, BeforeMeasuringTheOwnSiteIsAskedFirst) {
  EXPECT_EQ(ask(want_).front(), kA);
}

TEST_F(SelectorTest, TheFirstRoundPicksTheNearest) {
  round(30ms, 2ms, 10ms);

  EXPECT_EQ(ask(want_), (Ids{kB, kC, kA}));
}

TEST_F(SelectorTest, UnknownSourcesHaveNoCandidates) {
  EXPECT_TRUE(ask({"quay.io", "x", true, {}}).empty());
}

TEST_F(SelectorTest, ABetterReplicaIsTakenAfterThreeRoundsNotBefore) {
  round(20ms, 40ms, 80ms);
  round(20ms, 5ms, 80ms);
  round(20ms, 5ms, 80ms);
  EXPECT_EQ(preferred(), kA);

  round(20ms, 5ms, 80ms);
  EXPECT_EQ(preferred(), kB);
  EXPECT_EQ(selector_.switches().back().why, "nearer in 3 rounds: 5.00 ms against 20 ms");
}

TEST_F(SelectorTest, ALittleBetterIsNotWorthASwitch) {
  round(20ms, 40ms, 80ms);
  for (int i = 0; i < 20; ++i) {
    round(20ms, 14ms, 80ms);
  }

  EXPECT_EQ(preferred(), kA);
}

TEST_F(SelectorTest, AnEjectedReplicaIsLeftAtOnce) {
  round(1ms, 20ms, 40ms);
  kill(kA);

  EXPECT_EQ(preferred(), kB);
  EXPECT_EQ(ask(want_), (Ids{kB, kC}));
}

TEST_F(SelectorTest, ALongerPathIsLeftAfterTwoSamples) {
  round(1ms, 20ms, 40ms);
  now_ += 60s;
  selector_.handle_probe_success(kA, 200ms, now_);
  EXPECT_EQ(preferred(), kA);

  selector_.handle_probe_success(kA, 200ms, now_ + 3s);
  EXPECT_EQ(preferred(), kB);
}

// Its own queue would make a replica look farther than those that nobody pulls from.
TEST_F(SelectorTest, APullThatFillsTheLineDoesNotMoveTheReplicaAway) {
  round(12ms, 48ms, 60ms);
  for (int i = 0; i < 10; ++i) {
    selector_.handle_bytes(kA, now_);
    now_ += 2s;
    selector_.handle_probe_success(kA, 200ms, now_);
  }
  EXPECT_EQ(preferred(), kA);
  EXPECT_EQ(selector_.latency(kA, now_), base::Duration(12ms));

  now_ += 3s;
  selector_.handle_probe_success(kA, 200ms, now_);
  selector_.handle_probe_success(kA, 200ms, now_);
  EXPECT_EQ(preferred(), kB) << "without a pull it is the path";
}

TEST_F(SelectorTest, WhoDoesNotHaveItIsNotAskedAgainForAWhile) {
  round(1ms, 20ms, 40ms);
  selector_.handle_outcome(kA, want_, NotFound{}, now_);
  EXPECT_EQ(ask(want_), (Ids{kB, kC}));

  now_ += kMissingDigestFor;
  EXPECT_EQ(ask(want_), (Ids{kA, kB, kC}));
}

TEST_F(SelectorTest, WrongBytesBanTheReplicaForThatContentOnly) {
  round(1ms, 20ms, 40ms);
  selector_.handle_outcome(kA, want_, WrongBytes{}, now_);

  EXPECT_EQ(ask(want_), (Ids{kB, kC}));
  EXPECT_EQ(ask({"docker.io", "sha256:y", true, {}}), (Ids{kA, kB, kC}));
}

TEST_F(SelectorTest, ContentOfNoUseIsNotAskedForAgainAndSaysNothingAboutHealth) {
  round(1ms, 20ms, 40ms);
  for (const char* const key : {"sha256:x", "sha256:y", "sha256:z"}) {
    selector_.handle_outcome(kA, {"docker.io", key, true, {}}, Unfit{"status 410"}, now_);
  }

  EXPECT_EQ(ask(want_), (Ids{kB, kC}));
  EXPECT_EQ(ask({"docker.io", "sha256:other", true, {}}), (Ids{kA, kB, kC}));
  EXPECT_EQ(selector_.report(now_)[0].health, Health::State::Healthy);

  now_ += kMissingDigestFor;
  EXPECT_EQ(ask(want_), (Ids{kA, kB, kC}));
}

TEST_F(SelectorTest, DenialSaysNothingAboutContentOrHealth) {
  round(1ms, 20ms, 40ms);
  selector_.handle_outcome(kA, want_, Denied{}, now_);

  EXPECT_EQ(ask(want_), (Ids{kA, kB, kC}));
}

TEST_F(SelectorTest, ABusyReplicaIsAskedLastForAsLongAsItSaid) {
  round(1ms, 20ms, 40ms);
  selector_.handle_outcome(kA, want_, Busy{10s}, now_);
  EXPECT_EQ(ask(want_), (Ids{kB, kC, kA}));

  now_ += 10s;
  EXPECT_EQ(ask(want_), (Ids{kA, kB, kC}));
}

TEST_F(SelectorTest, EjectedReplicasAreTriedOnceInAWhileWhenMostAreEjected) {
  round(1ms, 20ms, 40ms);
  kill(kA);
  EXPECT_EQ(ask(want_), (Ids{kB, kC}));

  kill(kB);
  kill(kC);
  const Choice trials = selector_.choose(want_, now_);
  ASSERT_EQ(trials.candidates.size(), 3u);
  EXPECT_TRUE(trials.candidates[0].is_trial);
  EXPECT_TRUE(ask(want_).empty());

  now_ += kTrialInterval;
  EXPECT_EQ(ask(want_).size(), 3u);
}

TEST_F(SelectorTest, HealthyReplicasComeBeforeTrials) {
  round(1ms, 20ms, 40ms);
  kill(kA);
  kill(kB);

  EXPECT_EQ(ask(want_).front(), kC);
}

TEST_F(SelectorTest, LargeBodiesGoToAClearlyFasterReplica) {
  round(1ms, 20ms, 40ms);
  selector_.handle_outcome(kA, want_, Served{10U << 20, 10s}, now_);
  selector_.handle_outcome(kC, want_, Served{100U << 20, 1s}, now_);

  EXPECT_EQ(ask({"docker.io", "sha256:y", true, 1U << 30}).front(), kC);
  EXPECT_EQ(ask({"docker.io", "sha256:y", true, 1000}).front(), kA);
}

TEST_F(SelectorTest, ANewSiteMapKeepsWhatIsKnownOfReplicasThatStay) {
  round(1ms, 20ms, 40ms);
  selector_.set_site_map(map({kB, kC}), now_);

  EXPECT_EQ(preferred(), kB);
  EXPECT_EQ(ask(want_), (Ids{kB, kC}));
  EXPECT_NE(selector_.choose(want_, now_).candidates[0].reason.find("20 ms"), std::string::npos);
}

TEST_F(SelectorTest, ReasonsSayWhyEachIsWhereItIs) {
  round(1ms, 20ms, 40ms);
  selector_.handle_outcome(kB, want_, NotFound{}, now_);
  const Choice choice = selector_.choose(want_, now_);

  EXPECT_EQ(choice.candidates[0].reason, "preferred, 1.00 ms, in own site");
  EXPECT_EQ(choice.candidates[1].reason, "alternative, 40 ms");
  EXPECT_EQ(choice.refused[0].reason, "does not have it");
}

TEST_F(SelectorTest, AFewOfManyReplicasAreProbedInARound) {
  std::vector<ReplicaId> ids;
  for (std::uint32_t i = 1; i <= 30; ++i) {
    ids.push_back(ReplicaId{i});
  }
  selector_.set_site_map(map(ids), now_);
  EXPECT_EQ(selector_.round_targets(now_).size(), 30u);

  while (selector_.is_settling()) {
    selector_.handle_round(now_);
  }
  EXPECT_LE(selector_.round_targets(now_).size(), kRoundTargetsMax + 1);
}

}  // namespace
}  // namespace mirror
