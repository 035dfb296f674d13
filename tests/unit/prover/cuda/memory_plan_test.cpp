#include "prover/cuda/memory_plan.h"

#include <gtest/gtest.h>

namespace prover::cuda {
namespace {

constexpr std::size_t kGigabyte = 1'000'000'000;

struct KnownCard {
  const char* name;
  std::size_t free_bytes;
  std::uint32_t batch;
  std::uint32_t multiprocessors;
  unsigned wide;
  unsigned narrow;
};

class MemoryPlanTest : public ::testing::TestWithParam<KnownCard> {};

TEST_P(MemoryPlanTest, TablesFillTheCardAndAllFits) {
  const KnownCard& card = GetParam();
  const auto plan =
      plan_memory(card.free_bytes, {.bases = 8192, .batch = card.batch}, card.multiprocessors);
  ASSERT_TRUE(plan.ok()) << plan.error().text();
  EXPECT_EQ(plan.value().wide.windows, card.wide);
  EXPECT_EQ(plan.value().narrow.windows, card.narrow);
  EXPECT_LT(plan.value().table_bytes() + plan.value().other_bytes(), card.free_bytes);
}

INSTANTIATE_TEST_SUITE_P(
    Cards, MemoryPlanTest,
    ::testing::Values(KnownCard{"H200", 139 * kGigabyte, 67'584, 132, 19, 30},
                      KnownCard{"H100", 79 * kGigabyte, 67'584, 132, 21, 34},
                      KnownCard{"Rtx4090", 23 * kGigabyte, 49'152, 128, 25, 49},
                      KnownCard{"Rtx3080", 9 * kGigabyte, 26'112, 68, 30, 64},
                      KnownCard{"MigSlice", 10 * kGigabyte, 8'192, 16, 29, 64}),
    [](const auto& test) { return test.param.name; });

TEST(MemoryPlanLimitTest, WindowsCanBeAskedFor) {
  const auto plan =
      plan_memory(139 * kGigabyte, {.bases = 8192, .batch = 1024, .windows = 26}, 132);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value().wide.windows, 26U);
}

TEST(MemoryPlanLimitTest, MoreThanFitsIsRefusedWithBothNumbers) {
  const auto wide = plan_memory(23 * kGigabyte, {.bases = 8192, .batch = 1024, .windows = 19}, 128);
  ASSERT_FALSE(wide.ok());
  EXPECT_EQ(wide.error().code(), base::Errc::LimitExceeded);
  EXPECT_TRUE(wide.error().text().starts_with("memory: tables of 19 windows need 12"))
      << wide.error().text();
  EXPECT_TRUE(wide.error().text().ends_with(" bytes, 23000000000 are free"));

  EXPECT_FALSE(plan_memory(kGigabyte, {.bases = 8192, .batch = 65'536}, 128).ok());
}

TEST(MemoryPlanLimitTest, SmallDegreesHaveTheWidestWindows) {
  const auto plan = plan_memory(23 * kGigabyte, {.bases = 32, .batch = 1024}, 128);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value().wide.windows, gpu::WindowPlan::kWindowsMin);
}

}  // namespace
}  // namespace prover::cuda
