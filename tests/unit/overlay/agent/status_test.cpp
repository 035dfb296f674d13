#include "overlay/agent/status.h"

#include <gtest/gtest.h>

namespace agent {
namespace {

Status sample() {
  Status status;
  status.version = "0.1.0";
  status.pid = 4711;
  status.written_at = {.unix_ms = 1000};
  status.node = "000000000000002a";
  status.name = "alpha";
  status.network = "lab";
  status.addresses = {"10.192.0.1", "fd00::1"};
  status.is_connected = true;
  status.heard_at = base::WallTime{900};
  status.is_up = true;
  status.first_ping_ms = 120;
  status.ping_us = 2500;
  status.ping_peer = "gw";
  status.peers = {{"gw", "gateway", "ams", "10.192.0.2", "ls0", "key="}};
  status.problems = {"one"};
  return status;
}

TEST(StatusTest, EncodedStatusDecodesToTheSame) {
  const auto decoded = decode_status(encode(sample()));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(decoded.value(), sample());
}

TEST(StatusTest, FieldsOfANewerAgentAreLeftOut) {
  std::string text = encode(sample());
  text.insert(1, "\"novelty\": 1,");

  EXPECT_TRUE(decode_status(text).ok());
}

TEST(StatusTest, WrongTypeIsRefusedByName) {
  std::string text = encode(sample());
  text.replace(text.find("\"pid\": 4711"), 11, "\"pid\": true");

  const auto decoded = decode_status(text);

  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().text().find("status: pid: true"), 0U) << decoded.error().text();
}

TEST(StatusTest, PeersAndProblemsAreCutAtTheirLimits) {
  Status status = sample();
  status.peers.assign(kStatusPeersMax + 5, status.peers.front());
  status.problems.assign(kStatusProblemsMax + 5, "again");

  const auto decoded = decode_status(encode(status));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(decoded.value().peers.size(), kStatusPeersMax);
  EXPECT_EQ(decoded.value().problems.size(), kStatusProblemsMax);
}

TEST(StatusTest, ProblemThatIsNoTextDoesNotBreakTheFile) {
  Status status = sample();
  status.problems = {"bytes \xff\xfe"};

  EXPECT_TRUE(decode_status(encode(status)).ok());
}

}  // namespace
}  // namespace agent
