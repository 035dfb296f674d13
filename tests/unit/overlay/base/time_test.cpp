#include "overlay/base/time.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using namespace std::chrono_literals;

TEST(WallTimeTest, AddsAndSubtractsInMilliseconds) {
  const WallTime at{1'700'000'000'000};

  EXPECT_EQ((at + 1500ms).unix_ms, 1'700'000'001'500);
  EXPECT_EQ((at + 999us).unix_ms, at.unix_ms);
  EXPECT_EQ((at + 2s) - at, 2s);
  EXPECT_EQ(at - (at + 2s), -2s);
  EXPECT_LT(at, at + 1ms);
}

TEST(TimePointTest, IsSteadyTimeInNanoseconds) {
  const TimePoint at{5s};

  EXPECT_EQ((at + 1ms) - at, 1ms);
  EXPECT_EQ(at.time_since_epoch().count(), 5'000'000'000);
}

}  // namespace
}  // namespace base
