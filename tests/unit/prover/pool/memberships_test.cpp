#include "prover/pool/memberships.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace prover {
namespace {

class MembershipsTest : public ::testing::Test {
 protected:
  base::SeededRandom random_{3};
  Memberships members_{5, random_};
  base::TimePoint now_{};
};

TEST_F(MembershipsTest, ALifeHasNoncesOfItsOwn) {
  EXPECT_EQ(members_.join(1, std::nullopt, now_).prefix, (NoncePrefix{0x050000, 3}));
  EXPECT_EQ(members_.join(2, std::nullopt, now_).prefix, (NoncePrefix{0x050001, 3}));
  Memberships later(6, random_);
  EXPECT_EQ(later.join(1, std::nullopt, now_).prefix, (NoncePrefix{0x060000, 3}));
}

TEST_F(MembershipsTest, ASessionThatLeftMayResumeForTenMinutes) {
  const auto first = members_.join(1, std::nullopt, now_);
  members_.note_target(1, first.id, 900);
  members_.leave(1, first.id, now_);

  const auto second = members_.join(2, first.id, now_ + std::chrono::minutes(9));
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.prefix, first.prefix);
  EXPECT_EQ(second.target, 900U);
  EXPECT_FALSE(second.displaced);

  members_.leave(2, first.id, now_);
  const auto late = members_.join(3, first.id, now_ + Memberships::kResumeFor);
  EXPECT_NE(late.id, first.id);
}

TEST_F(MembershipsTest, WhoResumesDisplacesWhoeverHeldIt) {
  const auto first = members_.join(1, std::nullopt, now_);
  const auto second = members_.join(2, first.id, now_);
  EXPECT_EQ(second.displaced, 1U);
  members_.note_target(1, first.id, 1);  // it does not know yet
  members_.leave(1, first.id, now_);
  EXPECT_EQ(members_.join(3, first.id, now_).displaced, 2U);
}

TEST_F(MembershipsTest, LivingSessionsNeverShareNoncesHoweverManyCameAndWent) {
  std::set<std::uint64_t> living;
  for (SessionNumber session = 1; session <= 10; ++session) {
    EXPECT_TRUE(living.insert(members_.join(session, std::nullopt, now_).prefix.value).second);
  }
  for (SessionNumber session = 11; session <= 150'000; ++session) {
    const auto member = members_.join(session, std::nullopt, now_);
    ASSERT_FALSE(living.contains(member.prefix.value)) << session;
    members_.leave(session, member.id, now_);
  }
  EXPECT_LE(members_.size(), Memberships::kMembershipsMax);
}

}  // namespace
}  // namespace prover
