#include "overlay/base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace base {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  Counter& first = metrics.counter("joins_total", "Joins.", {{"site", "a"}});
  Counter& second = metrics.counter("joins_total", "Joins.", {{"site", "a"}});
  Counter& other = metrics.counter("joins_total", "Joins.", {{"site", "b"}});

  first.add();
  second.add(2);

  EXPECT_EQ(&first, &second);
  EXPECT_EQ(first.value(), 3);
  EXPECT_EQ(other.value(), 0);
}

TEST(MetricsTest, TextIsPrometheusExposition) {
  Metrics metrics;
  metrics.counter("joins_total", "Joins so far.", {{"site", "a\"\n"}}).add(2);
  metrics.gauge("nodes", "Nodes known.").set(7);
  metrics.gauge("nodes", "Nodes known.").add(-2);
  metrics.histogram("join_seconds", "Time of a join.", {0.1, 1}).observe(0.5);

  const std::string text = metrics.text();

  EXPECT_THAT(text, HasSubstr("# HELP joins_total Joins so far.\n# TYPE joins_total counter\n"));
  EXPECT_THAT(text, HasSubstr("joins_total{site=\"a\\\"\\n\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("nodes 5\n"));
  EXPECT_THAT(text, HasSubstr("join_seconds_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("join_seconds_count 1\n"));
}

TEST(MetricsTest, LabelSetsAboveTheLimitShareOneMetric) {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::kSeriesMax; ++i) {
    metrics.counter("hits_total", "Hits.", {{"from", std::to_string(i)}}).add();
  }

  metrics.counter("hits_total", "Hits.", {{"from", "one more"}}).add();
  metrics.counter("hits_total", "Hits.", {{"from", "and another"}}).add();
  metrics.counter("hits_total", "Hits.", {{"from", "0"}}).add();

  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("hits_total{from=\"other\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("hits_total{from=\"0\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("one more")));
}

TEST(MetricsDeathTest, ANameOfTwoKindsIsABug) {
  Metrics metrics;
  metrics.counter("joins_total", "Joins.");

  EXPECT_DEATH(metrics.gauge("joins_total", "Joins."), "check failed");
  EXPECT_DEATH(metrics.counter("no-dashes", "Bad."), "check failed");
  EXPECT_DEATH(metrics.counter("joins_total", "Joins.", {{"no-dashes", ""}}), "check failed");
  EXPECT_DEATH(metrics.counter("joins_total", "Joins.").add(-1), "check failed");
}

}  // namespace
}  // namespace base
