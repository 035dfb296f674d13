#include "overlay/model/replay_guard.h"

#include <set>

#include <gtest/gtest.h>

#include "overlay/base/random.h"

namespace model {
namespace {

TEST(ReplayGuardTest, TheSameTimeIsRefusedAndALaterOneIsNot) {
  ReplayGuard guard;

  EXPECT_TRUE(guard.accept({1000}).ok());
  EXPECT_TRUE(guard.accept({1001}).ok());

  const auto again = guard.accept({1000});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), base::Errc::Unauthenticated);
  EXPECT_EQ(again.error().text(), "request: time 1000 ms was used before");
}

TEST(ReplayGuardTest, RequestsThatOvertakeEachOtherPassOnce) {
  ReplayGuard guard;
  for (const std::int64_t time : {1005, 1001, 1003, 1002, 1004}) {
    EXPECT_TRUE(guard.accept({time}).ok()) << time;
  }
  for (const std::int64_t time : {1001, 1002, 1003, 1004, 1005}) {
    EXPECT_FALSE(guard.accept({time}).ok()) << time;
  }
}

TEST(ReplayGuardTest, WhatIsOlderThanTheWindowIsRefused) {
  ReplayGuard guard;
  for (std::int64_t time = 1001; time <= 1008; ++time) {
    ASSERT_TRUE(guard.accept({time}).ok());
  }

  EXPECT_EQ(guard.accept({1000}).error().text(),
            "request: time 1000 ms is older than the 8 latest of its node");
  EXPECT_TRUE(guard.accept({1009}).ok());
  EXPECT_EQ(guard.accept({1001}).error().code(), base::Errc::Unauthenticated);
}

TEST(ReplayGuardTest, TimesThatAreNoneAreRefused) {
  ReplayGuard guard;

  EXPECT_FALSE(guard.accept({0}).ok());
  EXPECT_FALSE(guard.accept({-5}).ok());
}

TEST(ReplayGuardTest, NoOrderOfRequestsLetsATimePassTwice) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    base::SeededRandom random(seed);
    ReplayGuard guard;
    std::set<std::int64_t> passed;
    for (int i = 0; i < 500; ++i) {
      const auto time = static_cast<std::int64_t>(1 + random.below(100));
      const bool is_new_and_latest = passed.empty() || time > *passed.rbegin();
      const bool is_accepted = guard.accept({time}).ok();
      if (is_accepted) {
        EXPECT_TRUE(passed.insert(time).second);
      }
      EXPECT_TRUE(is_accepted || !is_new_and_latest);
    }
  }
}

TEST(ReplayGuardTest, IsSmall) {
  static_assert(sizeof(ReplayGuard) == 64);
}

}  // namespace
}  // namespace model
