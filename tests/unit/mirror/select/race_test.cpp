#include "mirror/select/race.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

using namespace std::chrono_literals;
constexpr base::TimePoint kStart{1h};
constexpr ReplicaId kA{1};
constexpr ReplicaId kB{2};

class RaceTest : public ::testing::Test {
 protected:
  std::vector<ReplicaId> starts(base::TimePoint now) {
    std::vector<ReplicaId> out;
    while (const auto candidate = race_.poll_start(now)) {
      out.push_back(candidate->id);
    }
    return out;
  }
  using Ids = std::vector<ReplicaId>;

  Race race_{
      {{kA, false, ""}, {kB, false, ""}, {ReplicaId{3}, false, ""}, {ReplicaId{4}, false, ""}}};
};

TEST_F(RaceTest, OnlyTheBestIsAskedAtFirst) {
  EXPECT_EQ(starts(kStart), Ids{kA});
}

TEST_F(RaceTest, TheNextIsAskedAtOnceWhenTheFirstFails) {
  starts(kStart);
  race_.handle_loss(kA);

  EXPECT_EQ(starts(kStart + 1ms), Ids{kB});
}

TEST_F(RaceTest, TheNextIsAskedBesideASilentOneAfter300Milliseconds) {
  starts(kStart);
  EXPECT_EQ(*race_.next_timeout(), kStart + 300ms);

  EXPECT_TRUE(starts(kStart + 299ms).empty());
  EXPECT_EQ(starts(kStart + 300ms), Ids{kB});
}

TEST_F(RaceTest, AtMostThreeAreAskedAtATime) {
  starts(kStart);
  starts(kStart + 300ms);
  starts(kStart + 600ms);

  EXPECT_TRUE(starts(kStart + 900ms).empty());
  EXPECT_FALSE(race_.next_timeout().has_value());
}

TEST_F(RaceTest, ItIsLostWhenAllHaveFailed) {
  for (std::uint32_t id = 1; id <= 4; ++id) {
    EXPECT_FALSE(race_.is_lost());
    starts(kStart);
    race_.handle_loss(ReplicaId{id});
  }
  EXPECT_TRUE(race_.is_lost());
}

}  // namespace
}  // namespace mirror
