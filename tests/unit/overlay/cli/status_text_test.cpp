#include "overlay/cli/status_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace cli {
namespace {

using namespace std::chrono_literals;

StatusReport sample() {
  StatusReport report;
  report.is_running = true;
  report.now = {.unix_ms = 100'000};
  agent::Status& status = report.status;
  status.pid = 4711;
  status.node = "000000000000002a";
  status.name = "alpha";
  status.network = "lab";
  status.site = "ams";
  status.role = "member";
  status.addresses = {"10.192.0.1", "fd00::1"};
  status.coordinator = "https://c:7750";
  status.is_connected = true;
  status.heard_at = base::WallTime{95'000};
  status.view = "1/2/member";
  status.sequence = 12;
  status.is_applied = true;
  status.is_up = true;
  status.ping_us = 2540;
  status.ping_peer = "gw";
  status.mirror = "no replicas";
  status.peers = {{"gw", "gateway", "ams", "10.192.0.2", "ls0", "key="}};
  report.traffic[{"ls0", "key="}] = {.endpoint = "192.168.0.2:51820",
                                     .handshake_age_s = 7,
                                     .received_bytes = 2048,
                                     .sent_bytes = 1536};
  return report;
}

TEST(StatusTextTest, ShowsNodePlaceAndPeers) {
  EXPECT_EQ(
      format_status(sample()),
      "node         alpha (000000000000002a)\n"
      "network      lab\n"
      "site         ams\n"
      "role         member\n"
      "addresses    10.192.0.1 fd00::1\n"
      "agent        running, process 4711\n"
      "up           yes, gw answers in 2.5 ms\n"
      "coordinator  https://c:7750, connected, last heard 5 s ago\n"
      "view         1/2/member at sequence 12, applied\n"
      "mirror       no replicas\n"
      "\n"
      "PEER  SITE  ROLE     ADDRESS     VIA  ENDPOINT           HANDSHAKE  RECEIVED  SENT\n"
      "gw    ams   gateway  10.192.0.2  ls0  192.168.0.2:51820  7 s ago    2 KiB     1.5 KiB\n");
}

TEST(StatusTextTest, StoppedAgentIsNotConnected) {
  StatusReport report = sample();
  report.is_running = false;

  const std::string text = format_status(report);
  EXPECT_NE(text.find("agent        not running"), std::string::npos);
  EXPECT_NE(text.find("not connected"), std::string::npos);
}

TEST(StatusTextTest, StoppedAgentsLastPingIsNotShownAsTrueNow) {
  StatusReport report = sample();
  report.is_running = false;

  EXPECT_NE(format_status(report).find("up           not known while the agent does not run\n"),
            std::string::npos);
  const auto json = nlohmann::json::parse(format_status_json(report));
  EXPECT_EQ(json["up"], false);
  EXPECT_TRUE(json["ping_us"].is_null());
  EXPECT_EQ(json["ping_peer"], "");
}

TEST(StatusTextTest, ServerThatNobodyAnswersAnyMoreIsNotUp) {
  StatusReport report = sample();
  report.status.is_up = false;
  report.status.first_ping_ms = 12;

  EXPECT_NE(format_status(report).find("up           no more"), std::string::npos);
}

TEST(StatusTextTest, JsonCarriesTheTrafficOfEachPeer) {
  const auto json = nlohmann::json::parse(format_status_json(sample()));

  EXPECT_EQ(json["joined"], true);
  EXPECT_EQ(json["running"], true);
  EXPECT_EQ(json["up"], true);
  EXPECT_EQ(json["addresses"][0], "10.192.0.1");
  EXPECT_EQ(json["peers"][0]["handshake_age_s"], 7);
  EXPECT_EQ(json["peers"][0]["endpoint"], "192.168.0.2:51820");
}

TEST(StatusTextTest, AgesAndSizesAreShort) {
  EXPECT_EQ(format_age(-5s), "0 s");
  EXPECT_EQ(format_age(119s), "119 s");
  EXPECT_EQ(format_age(121s), "2 min");
  EXPECT_EQ(format_age(3h), "3 h");
  EXPECT_EQ(format_age(96h), "4 d");
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(12U << 20), "12 MiB");
}

}  // namespace
}  // namespace cli
