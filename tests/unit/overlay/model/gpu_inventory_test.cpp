#include "overlay/model/gpu_inventory.h"

#include <gtest/gtest.h>

namespace model {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLarge = 150'754'820'096;
constexpr std::uint64_t kSmall = 19'327'352'832;

GpuInventory two_models() {
  return {.driver = "580.65.06",
          .devices = {{.model = "NVIDIA H200", .count = 7, .memory_bytes = kLarge},
                      {.model = "NVIDIA H200 MIG 1g.18gb", .count = 2, .memory_bytes = kSmall}}};
}

Json answer_json() {
  const GpuAnswer answer{.gpus = two_models(), .why = ""};
  return Json::parse(encode(answer, nlohmann::ordered_json::array()));
}

std::string error_of(const Json& answer) {
  const auto decoded = decode_gpu_answer(answer.dump());
  return decoded.ok() ? "taken" : decoded.error().text();
}

std::string error_with(const char* pointer, const Json& value) {
  Json answer = answer_json();
  answer[Json::json_pointer(pointer)] = value;
  return error_of(answer);
}

TEST(GpuInventoryTest, SameModelsWithTheSameMemoryAreOneGroup) {
  const Gpu large{.model = "NVIDIA H200", .memory_bytes = kLarge};
  const Gpu slice{.model = "NVIDIA H200 MIG 1g.18gb", .memory_bytes = kSmall};

  const auto made = make_gpu_inventory(
      "580.65.06", {large, slice, large, large, large, slice, large, large, large});

  EXPECT_EQ(made, two_models());
}

TEST(GpuInventoryTest, SameModelWithOtherMemoryIsAnotherGroup) {
  const auto made =
      make_gpu_inventory("1", {{"NVIDIA A100", 80}, {"NVIDIA A100", 40}, {"NVIDIA A100", 80}});

  ASSERT_EQ(made.devices.size(), 2U);
  EXPECT_EQ(made.devices[0].memory_bytes, 40U);
  EXPECT_EQ(made.devices[1].count, 2U);
}

TEST(GpuInventoryTest, WhateverADriverTellsBecomesWhatADecoderTakes) {
  std::vector<Gpu> gpus(kGpuCountMax + 5, {.model = "", .memory_bytes = UINT64_MAX});
  gpus.push_back({.model = "a\x1b[2J\xff" + std::string(200, 'x'), .memory_bytes = 1});
  for (std::size_t i = 0; i < 2 * kGpuGroupsMax; ++i) {
    gpus.push_back({.model = "z", .memory_bytes = i});
  }
  const GpuAnswer answer{.gpus = make_gpu_inventory("5\xc3\xb6" + std::string(200, '8'), gpus),
                         .why = "\xff" + std::string(2 * kGpuWhyBytesMax, 'y')};

  const auto decoded = decode_gpu_answer(encode(answer, nlohmann::ordered_json::array()));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(decoded.value().gpus, answer.gpus);
  EXPECT_EQ(answer.gpus.devices.size(), kGpuGroupsMax);
  EXPECT_EQ(answer.gpus.devices[0].model.substr(0, 7), "a?[2J?x");
  EXPECT_EQ(answer.gpus.devices[1].model, "unknown");
  EXPECT_EQ(answer.gpus.devices[1].count, kGpuCountMax);
}

TEST(GpuAnswerTest, ComesBack) {
  GpuAnswer answer{.gpus = two_models(), .why = ""};
  EXPECT_EQ(decode_gpu_answer(encode(answer, {{{"anything", 1}}})).value(), answer);

  answer = {.gpus = {}, .why = "no GPU: NVML: Driver Not Loaded"};
  EXPECT_EQ(decode_gpu_answer(encode(answer, nlohmann::ordered_json::array())).value(), answer);
}

TEST(GpuAnswerTest, NoDevicesWithoutAReasonAreRefused) {
  const GpuAnswer answer{.gpus = {}, .why = ""};
  EXPECT_EQ(decode_gpu_answer(encode(answer, nlohmann::ordered_json::array())).error().text(),
            "gpus: why: \"\", expected why there are no devices");
}

TEST(GpuAnswerTest, BadFieldsAreNamed) {
  EXPECT_EQ(error_with("/driver", 580), "gpus: driver: 580, expected a text of at most 96 bytes");
  EXPECT_EQ(error_with("/driver", "5\n8"), "gpus: driver: \"5\\n8\", expected printable ASCII");
  EXPECT_EQ(error_with("/devices", "H200"),
            "gpus: devices: \"H200\", expected a list of at most 16 models");
  EXPECT_EQ(error_with("/devices", Json(std::vector<int>(kGpuGroupsMax + 1))),
            "gpus: devices: [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0], expected a list of at most 16 "
            "models");
  EXPECT_EQ(error_with("/devices/1", 7), "gpus: devices[1]: 7, expected an object");
  EXPECT_EQ(error_with("/devices/1/model", ""), "gpus: devices[1].model: \"\", expected a name");
  EXPECT_EQ(error_with("/devices/1/model", "H\u00f6"),
            "gpus: devices[1].model: \"H\u00f6\", expected printable ASCII");
  EXPECT_EQ(error_with("/devices/0/count", 0),
            "gpus: devices[0].count: 0, expected a number in 1..64");
  EXPECT_EQ(error_with("/devices/0/count", kGpuCountMax + 1),
            "gpus: devices[0].count: 65, expected a number in 1..64");
  EXPECT_EQ(error_with("/devices/0/memory_bytes", -1),
            "gpus: devices[0].memory_bytes: -1, expected a number in 0..9007199254740991");
  EXPECT_EQ(error_with("/devices/0/uuid", 7),
            "gpus: devices[0].\"uuid\": 7, expected no such field");
  EXPECT_EQ(error_with("/why", 1), "gpus: why: 1, expected a text of at most 1024 bytes");
  EXPECT_EQ(error_with("/mood", 1), "gpus: \"mood\": 1, expected no such field");
}

TEST(GpuAnswerTest, AbsentFieldsAreNamed) {
  for (const std::string field : {"driver", "devices", "cards", "why"}) {
    Json answer = answer_json();
    answer.erase(field);
    EXPECT_EQ(error_of(answer), "gpus: " + field + ": absent, expected a value");
  }
}

TEST(GpuAnswerTest, ModelsOutOfOrderOrTwiceAreRefused) {
  Json answer = answer_json();
  std::swap(answer["devices"][0], answer["devices"][1]);
  EXPECT_NE(error_of(answer).find("devices[1]: "), std::string::npos) << error_of(answer);

  answer["devices"][0] = answer["devices"][1];
  EXPECT_NE(error_of(answer).find("expected models ascending by name and memory, each once"),
            std::string::npos);
}

TEST(GpuAnswerTest, LongAnswerIsRefusedBeforeItIsRead) {
  const auto decoded = decode_gpu_answer(std::string(kGpuAnswerBytesMax + 1, ' '));

  EXPECT_EQ(decoded.error().code(), base::Errc::LimitExceeded);
  EXPECT_EQ(decoded.error().text(), "gpus: 65537 bytes, at most 65536");
}

}  // namespace
}  // namespace model
