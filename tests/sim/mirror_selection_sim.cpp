// Drives the selector and its probe plan with round-trip traces on a virtual clock: five replicas,
// one node, hours of probing in milliseconds. SEED=n replays one seed; it is in every failure's
// text.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "mirror/select/parameters.h"
#include "mirror/select/probe_plan.h"

namespace mirror {
namespace {

using namespace std::chrono_literals;

constexpr int kSeeds = 50;

// What the network answers to a probe at a time: a round trip, or nothing.
using Trace = std::function<std::optional<base::Duration>(base::TimePoint)>;

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  void add(std::uint32_t id, const std::string& site, base::Duration rtt) {
    map_.site = "home";
    map_.node = "node";
    map_.replicas.push_back(
        {ReplicaId{id}, site, "http://r" + std::to_string(id), "", {{"docker.io", false}}});
    traces_[ReplicaId{id}] = [this, rtt](base::TimePoint) { return noisy(rtt); };
    selector_.set_site_map(map_, now_);
  }
  void set_trace(std::uint32_t id, Trace trace) { traces_[ReplicaId{id}] = std::move(trace); }

  // Uniform noise of +-20 %.
  std::optional<base::Duration> noisy(base::Duration rtt) {
    const auto percent = static_cast<std::int64_t>(80 + random_.below(41));
    return rtt * percent / 100;
  }

  void run_until(base::TimePoint end) {
    while (true) {
      for (const ReplicaId id : plan_.poll_probes(now_)) {
        const auto rtt = traces_.at(id)(now_);
        answers_.emplace(now_ + (rtt && *rtt < kProbeTimeout ? *rtt : kProbeTimeout),
                         std::make_pair(id, rtt));
      }
      base::TimePoint next = plan_.next_timeout();
      if (!answers_.empty()) {
        next = std::min(next, answers_.begin()->first);
      }
      if (next > end) {
        now_ = end;
        return;
      }
      now_ = std::max(now_ + 1ms, next);
      while (!answers_.empty() && answers_.begin()->first <= now_) {
        const auto [id, rtt] = answers_.begin()->second;
        answers_.erase(answers_.begin());
        if (rtt && *rtt < kProbeTimeout) {
          plan_.handle_success(id, *rtt, now_);
        } else {
          plan_.handle_failure(id, "no answer in 1 s", now_);
        }
      }
    }
  }
  void run_for(base::Duration span) { run_until(now_ + span); }

  // Runs until `id` is preferred; how long that took, at most `limit`.
  base::Duration until_preferred(std::uint32_t id, base::Duration limit) {
    const base::TimePoint begin = now_;
    while (now_ - begin < limit && selector_.preferred("docker.io") != ReplicaId{id}) {
      run_for(100ms);
    }
    return now_ - begin;
  }

  std::size_t switches_since(base::TimePoint at) const {
    return static_cast<std::size_t>(std::count_if(selector_.switches().begin(),
                                                  selector_.switches().end(),
                                                  [&](const Switch& one) { return one.at >= at; }));
  }

  base::TimePoint now_{1h};
  base::SeededRandom random_;
  SiteMap map_;
  Selector selector_;
  ProbePlan plan_{selector_, random_};

 private:
  std::map<ReplicaId, Trace> traces_;
  std::multimap<base::TimePoint, std::pair<ReplicaId, std::optional<base::Duration>>> answers_;
};

class SelectionSim : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    world_.add(1, "home", 600us);
    world_.add(2, "near", 18ms);
    world_.add(3, "near2", 20ms);
    world_.add(4, "far", 90ms);
    world_.add(5, "farther", 180ms);
    world_.run_for(2min);
  }
  World world_{GetParam()};
};

TEST_P(SelectionSim, SettlesOnTheNearestInTheFirstRound) {
  EXPECT_EQ(world_.selector_.preferred("docker.io"), ReplicaId{1});
}

TEST_P(SelectionSim, DoesNotFlapUnder20PercentNoise) {
  const base::TimePoint begin = world_.now_;
  world_.run_for(6h);

  EXPECT_EQ(world_.switches_since(begin), 0u);
}

TEST_P(SelectionSim, DoesNotFlapBetweenTwoNearlyEqualReplicas) {
  world_.set_trace(1, [](base::TimePoint) { return std::nullopt; });
  world_.run_for(1min);
  const base::TimePoint begin = world_.now_;
  world_.run_for(6h);

  EXPECT_EQ(world_.switches_since(begin), 0u);
}

TEST_P(SelectionSim, ADeadReplicaIsLeftWithin10Seconds) {
  world_.run_for(base::Duration(std::chrono::milliseconds(world_.random_.below(30'000))));
  world_.set_trace(1, [](base::TimePoint) { return std::nullopt; });

  const base::TimePoint begin = world_.now_;
  while (world_.selector_.preferred("docker.io") == ReplicaId{1} && world_.now_ - begin < 60s) {
    world_.run_for(50ms);
  }
  EXPECT_LE(world_.now_ - begin, base::Duration(10s));
}

TEST_P(SelectionSim, AReplicaWhosePathBecameLongIsLeftWithin10Seconds) {
  world_.run_for(base::Duration(std::chrono::milliseconds(world_.random_.below(30'000))));
  world_.set_trace(1, [this](base::TimePoint) { return world_.noisy(250ms); });

  const base::TimePoint begin = world_.now_;
  while (world_.selector_.preferred("docker.io") == ReplicaId{1} && world_.now_ - begin < 60s) {
    world_.run_for(50ms);
  }
  EXPECT_LE(world_.now_ - begin, base::Duration(10s));
}

TEST_P(SelectionSim, AnImprovementIsFollowedWithin100Seconds) {
  world_.set_trace(1, [](base::TimePoint) { return std::nullopt; });
  world_.run_for(5min);
  ASSERT_NE(world_.selector_.preferred("docker.io"), ReplicaId{4});
  world_.set_trace(4, [this](base::TimePoint) { return world_.noisy(3ms); });

  EXPECT_LE(world_.until_preferred(4, 10min), base::Duration(100s));
}

TEST_P(SelectionSim, ARecoveredReplicaIsUsedAgain) {
  world_.set_trace(1, [](base::TimePoint) { return std::nullopt; });
  world_.run_for(1min);
  world_.set_trace(1, [this](base::TimePoint) { return world_.noisy(600us); });

  EXPECT_LE(world_.until_preferred(1, 30min), base::Duration(5min));
}

TEST_P(SelectionSim, WhenEverythingIsDeadRequestsAreStillTriedNowAndThen) {
  for (std::uint32_t id = 1; id <= 5; ++id) {
    world_.set_trace(id, [](base::TimePoint) { return std::nullopt; });
  }
  world_.run_for(1min);
  const Want want{"docker.io", "sha256:x", true, {}};

  EXPECT_FALSE(world_.selector_.choose(want, world_.now_).candidates.empty());
  EXPECT_TRUE(world_.selector_.choose(want, world_.now_).candidates.empty());
}

std::vector<std::uint64_t> seeds() {
  if (const char* const one = std::getenv("SEED")) {
    return {std::strtoull(one, nullptr, 10)};
  }
  std::vector<std::uint64_t> out;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    out.push_back(seed);
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(Seed, SelectionSim, ::testing::ValuesIn(seeds()),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace mirror
