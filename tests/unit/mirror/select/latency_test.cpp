#include "mirror/select/latency.h"

#include <gtest/gtest.h>

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

TEST(LatencyTest, SmallAbsoluteChangesAreNoShiftHoweverLargeTheRatio) {
  LatencyEstimate latency;
  latency.add(200us, kStart);

  EXPECT_FALSE(latency.add(2ms, kStart + 1s));
  EXPECT_FALSE(latency.add(2ms, kStart + 2s));
}

}  // namespace
}  // namespace mirror
