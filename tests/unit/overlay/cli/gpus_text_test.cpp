#include "overlay/cli/gpus_text.h"

#include <gtest/gtest.h>

namespace cli {
namespace {

constexpr std::uint64_t kGib = std::uint64_t{1} << 30;

GpuCards two_cards() {
  GpuCards read;
  read.driver = "580.65.06";
  read.cards.push_back(
      {.facts = {.model = "NVIDIA H200", .uuid = "GPU-1", .memory_bytes = 140 * kGib},
       .reading = {.memory_used_bytes = 3 * kGib,
                   .temperature_c = 61,
                   .power_w = 512.5,
                   .energy_j = 1,
                   .sm_clock_mhz = 1980}});
  read.cards.push_back(
      {.facts = {.model = "NVIDIA H200 MIG", .uuid = "MIG-2", .memory_bytes = 18 * kGib},
       .reading = {}});
  return read;
}

TEST(GpusTextTest, EachCardIsALine) {
  EXPECT_EQ(format_gpus(two_cards()),
            "MODEL            MEMORY   USED   TEMPERATURE  POWER  DRIVER\n"
            "NVIDIA H200      140 GiB  3 GiB  61 C         513 W  580.65.06\n"
            "NVIDIA H200 MIG  18 GiB   -      -            -      580.65.06\n");
}

TEST(GpusTextTest, ServerWithoutGpusIsToldWhyInOneSentence) {
  const GpuCards none{.driver = {}, .cards = {}, .why = "no GPU: NVML: Driver Not Loaded"};

  EXPECT_EQ(format_gpus(none), "no GPU: NVML: Driver Not Loaded\n");
  const auto answer = model::decode_gpu_answer(format_gpus_json(none));
  EXPECT_EQ(answer.value(), (model::GpuAnswer{.gpus = {}, .why = none.why}));
}

TEST(GpusTextTest, JsonHasTheGroupsAndEachCard) {
  const std::string text = format_gpus_json(two_cards());

  const auto answer = model::decode_gpu_answer(text);
  ASSERT_TRUE(answer.ok()) << answer.error().text();
  EXPECT_EQ(format_gpu_line(answer.value().gpus),
            "1 x NVIDIA H200, 140 GiB, 1 x NVIDIA H200 MIG, 18 GiB, driver 580.65.06");
  const auto cards = nlohmann::json::parse(text)["cards"];
  EXPECT_EQ(cards[0], nlohmann::json::parse(R"({"model":"NVIDIA H200","uuid":"GPU-1",
      "memory_bytes":150323855360,"memory_used_bytes":3221225472,"temperature_c":61,
      "power_w":512.5})"));
  EXPECT_TRUE(cards[1]["temperature_c"].is_null());
}

TEST(GpusTextTest, DriverThatShowsNoneIsNamed) {
  EXPECT_EQ(format_gpu_line({}), "none");
  EXPECT_EQ(format_gpu_line({.driver = "1", .devices = {}}), "none, driver 1");
}

}  // namespace
}  // namespace cli
