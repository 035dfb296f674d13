#include "coordinator/server/gpu_counts.h"

#include <gtest/gtest.h>

namespace coordinator {
namespace {

model::GpuInventory gpus(const std::string& model, std::uint32_t count) {
  return {.driver = "1", .devices = {{.model = model, .count = count, .memory_bytes = 1}}};
}

TEST(GpuCountsTest, ModelsAreSummedWithinANetwork) {
  GpuCounts counts;
  counts.begin();
  counts.add("fleet", gpus("H200", 8));
  counts.add("fleet", gpus("H200", 4));
  counts.add("lab", gpus("H200", 1));

  EXPECT_EQ(counts.counts().at({"fleet", "H200"}), 12U);
  EXPECT_EQ(counts.counts().at({"lab", "H200"}), 1U);
}

TEST(GpuCountsTest, WhatIsGoneIsZero) {
  GpuCounts counts;
  counts.begin();
  counts.add("fleet", gpus("H200", 8));

  counts.begin();

  EXPECT_EQ(counts.counts().at({"fleet", "H200"}), 0U);
}

TEST(GpuCountsTest, ModelsBeyondTheLimitAreOneSeries) {
  GpuCounts counts;
  counts.begin();
  for (std::size_t i = 0; i < GpuCounts::kModelsMax + 100; ++i) {
    counts.add("fleet", gpus("model " + std::to_string(i), 2));
  }

  EXPECT_EQ(counts.counts().size(), GpuCounts::kModelsMax + 1);
  EXPECT_EQ(counts.counts().at({"fleet", GpuCounts::kOther}), 200U);
}

}  // namespace
}  // namespace coordinator
