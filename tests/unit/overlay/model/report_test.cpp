#include "overlay/model/report.h"

#include <gtest/gtest.h>

namespace model {
namespace {

using Json = nlohmann::json;

NodeReport report() {
  NodeReport made;
  made.applied_epoch = 3;
  made.applied_sequence = kJsonNumberMax;
  made.up = true;
  made.first_ping_ms = 850;
  made.agent_version = "0.1.0";
  made.problems = {"gateway basalt-1: no handshake for 200 s"};
  return made;
}

TEST(NodeReportTest, ComesBack) {
  NodeReport made = report();
  EXPECT_EQ(decode_node_report(encode(made)).value(), made);

  made.gpus = GpuInventory{};
  EXPECT_EQ(decode_node_report(encode(made)).value(), made) << "none is not the same as not known";
  made.gpus = make_gpu_inventory("580.65.06", {{"NVIDIA H200", 1}, {"NVIDIA H200", 1}});
  EXPECT_EQ(decode_node_report(encode(made)).value(), made);

  made.first_ping_ms.reset();
  made.problems.clear();
  EXPECT_EQ(decode_node_report(encode(made)).value(), made);
}

TEST(NodeReportTest, AnyBytesAreAProblemThatADecoderTakes) {
  NodeReport made = report();
  made.problems = {report_problem("mirror: " + std::string(kReportProblemBytesMax, '\xff')),
                   report_problem("a\nb\x1b[2J")};

  const auto decoded = decode_node_report(encode(made));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(decoded.value().problems[1], "a?b?[2J");
}

TEST(NodeReportTest, BadFieldsAreNamed) {
  const auto error_with = [](const std::string& field, const Json& value) {
    Json object = Json::parse(encode(report()));
    object[field] = value;
    return decode_node_report(object.dump()).error().text();
  };

  EXPECT_EQ(error_with("state_hash", "00"),
            "report: state_hash: \"00\", expected 64 lower-case hex digits");
  EXPECT_EQ(error_with("applied_sequence", kJsonNumberMax + 1),
            "report: applied_sequence: 9007199254740992, expected a number in "
            "0..9007199254740991");
  EXPECT_EQ(error_with("up", "yes"), "report: up: \"yes\", expected true or false");
  EXPECT_EQ(error_with("first_ping_ms", -1),
            "report: first_ping_ms: -1, expected a number in 0..4294967295");
  EXPECT_EQ(error_with("gpus", 8), "report: gpus: 8, expected an object");
  EXPECT_EQ(error_with("gpus", {{"driver", "580"}}),
            "report: gpus.devices: absent, expected a value");
  EXPECT_EQ(
      error_with("gpus", {{"driver", "580"},
                          {"devices", {{{"model", "a"}, {"count", 0}, {"memory_bytes", 1}}}}}),
      "report: gpus.devices[0].count: 0, expected a number in 1..64");
  EXPECT_EQ(error_with("mood", "good"), "report: \"mood\": hidden, expected no such field");
}

TEST(NodeReportTest, TheLimitsHold) {
  NodeReport made = report();
  made.problems.assign(kReportProblemsMax + 1, "x");
  EXPECT_FALSE(decode_node_report(encode(made)).ok());

  made.problems.clear();
  made.gpus = GpuInventory{};
  for (std::size_t i = 0; i <= kGpuGroupsMax; ++i) {
    made.gpus->devices.push_back({.model = "a", .count = 1, .memory_bytes = i});
  }
  EXPECT_FALSE(decode_node_report(encode(made)).ok());
  made.gpus->devices.pop_back();
  EXPECT_TRUE(decode_node_report(encode(made)).ok());

  made.problems.assign(1, std::string(kReportProblemBytesMax + 1, 'x'));
  EXPECT_FALSE(decode_node_report(encode(made)).ok());
}

}  // namespace
}  // namespace model
