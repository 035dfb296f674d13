#include "mirror/select/latency.h"

#include <gtest/gtest.h>

#include "mirror/select/parameters.h"

namespace mirror {
namespace {

using namespace std::chrono_literals;
constexpr base::TimePoint kStart{1h};

TEST(LatencyTest, LowestOfRecentSamplesIsTheEstimate) {
  LatencyEstimate latency;
  latency.add(12ms, kStart);
  latency.add(10ms, kStart + 1s);
  latency.add(14ms, kStart + 2s);

  EXPECT_EQ(latency.lowest(kStart + 2s), base::Duration(10ms));
}

TEST(LatencyTest, SamplesBeyondTheWindowAreForgotten) {
  LatencyEstimate latency;
  latency.add(10ms, kStart);

  EXPECT_TRUE(latency.lowest(kStart + 5min).has_value());
  EXPECT_FALSE(latency.lowest(kStart + 5min + 1ms).has_value());
}

TEST(LatencyTest, OneSpikeIsNotAShift) {
  LatencyEstimate latency;
  latency.add(10ms, kStart);

  EXPECT_FALSE(latency.add(90ms, kStart + 1s));
  EXPECT_FALSE(latency.add(10ms, kStart + 2s));
  EXPECT_FALSE(latency.add(90ms, kStart + 3s));
  EXPECT_EQ(latency.lowest(kStart + 3s), base::Duration(10ms));
}

TEST(LatencyTest, TwoHighSamplesInARowAreANewPath) {
  LatencyEstimate latency;
  latency.add(10ms, kStart);
  EXPECT_FALSE(latency.add(95ms, kStart + 1s));

  EXPECT_TRUE(latency.add(90ms, kStart + 2s));
  EXPECT_EQ(latency.lowest(kStart + 2s), base::Duration(90ms));
}

TEST(LatencyTest, HighSamplesBesideATransferSayNothingAndLowOnesCount) {
  LatencyEstimate latency;
  latency.add(10ms, kStart);
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(latency.add(90ms, kStart + 1s * i, /*is_beside_transfer=*/true));
  }
  EXPECT_EQ(latency.lowest(kStart + 20s), base::Duration(10ms));
  EXPECT_EQ(latency.smoothed(), base::Duration(10ms));

  latency.add(8ms, kStart + 21s, /*is_beside_transfer=*/true);
  EXPECT_EQ(latency.lowest(kStart + 21s), base::Duration(8ms));
}

TEST(LatencyTest, ATransferLongerThanTheWindowLeavesAnEstimate) {
  LatencyEstimate latency;
  latency.add(10ms, kStart);
  const auto later = kStart + kLatencyWindow + 1s;
  EXPECT_FALSE(latency.add(90ms, later, /*is_beside_transfer=*/true));
  EXPECT_EQ(latency.lowest(later), base::Duration(90ms));
}

TEST(LatencyTest, SmallAbsoluteChangesAreNoShiftHoweverLargeTheRatio) {
  LatencyEstimate latency;
  latency.add(200us, kStart);

  EXPECT_FALSE(latency.add(2ms, kStart + 1s));
  EXPECT_FALSE(latency.add(2ms, kStart + 2s));
}

}  // namespace
}  // namespace mirror
