#include <string>

#include <gtest/gtest.h>

#include "overlay/base/hex.h"
#include "overlay/device/wireguard.h"

namespace device {
namespace {

const std::string kPrivate = "oAMtkI0bXYk37rZMj0PM0S58kDUrV3AhwQ0u2twbd2k=";
const std::string kPublic = "5LBqppwITdVEH1V4AUYru7eyBv6blvVla/fHwDejTXE=";
const std::string kPeer = "yLMh0dQhS469eZZrsLmyTq+3plUY2dNCUZDeF/oK8Ck=";
const std::string kInterface = kPrivate + "\t" + kPublic + "\t51820\toff\n";

base::TunnelKey key(const std::string& text) {
  const auto bytes = base::base64_decode(text).value();
  base::TunnelKey key{};
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

TEST(WireguardDumpTest, ReadsInterfaceAndPeers) {
  const auto dump = parse_wireguard_dump(
      kInterface + kPeer +
      "\t(none)\t[2001:db8::7]:51821\t10.192.0.2/32,fd00::/64\t1700000000\t12\t34\t25\n");

  ASSERT_TRUE(dump.ok()) << dump.error().text();
  EXPECT_EQ(dump.value().key, key(kPublic));
  EXPECT_EQ(dump.value().listen_port, 51820);
  const auto& peer = dump.value().peers.at(key(kPeer));
  EXPECT_EQ(peer.settings.endpoint, base::Endpoint::parse("[2001:db8::7]:51821").value());
  EXPECT_EQ(peer.settings.allowed,
            (std::set<base::Prefix>{base::Prefix::parse("10.192.0.2/32").value(),
                                    base::Prefix::parse("fd00::/64").value()}));
  EXPECT_EQ(peer.settings.keepalive_s, 25);
  EXPECT_EQ(peer.last_handshake_unix_s, 1700000000);
  EXPECT_EQ(peer.received_bytes, 12u);
  EXPECT_EQ(peer.sent_bytes, 34u);
}

TEST(WireguardDumpTest, InterfaceWithoutAKeyHasTheZeroKey) {
  const auto dump = parse_wireguard_dump("(none)\t(none)\t0\toff\n");

  ASSERT_TRUE(dump.ok());
  EXPECT_EQ(dump.value().key, base::TunnelKey{});
}

TEST(WireguardDumpTest, PeerThatSaysNothingIsPassive) {
  const auto dump =
      parse_wireguard_dump(kInterface + kPeer + "\t(none)\t(none)\t(none)\t0\t0\t0\toff\n");

  ASSERT_TRUE(dump.ok());
  EXPECT_EQ(dump.value().peers.at(key(kPeer)), WireguardPeer{});
}

TEST(WireguardDumpTest, EndpointWithAScopeCountsAsNotKnown) {
  const auto dump = parse_wireguard_dump(kInterface + kPeer +
                                         "\t(none)\t[fe80::1%eth0]:51820\t(none)\t0\t0\t0\toff\n");

  ASSERT_TRUE(dump.ok());
  EXPECT_FALSE(dump.value().peers.at(key(kPeer)).settings.endpoint.has_value());
}

struct BadDump {
  std::string name;
  std::string text;
  std::string error;
};

class RefusesDump : public ::testing::TestWithParam<BadDump> {};

TEST_P(RefusesDump, SayingWhereAndNeverAKey) {
  const auto result = parse_wireguard_dump(GetParam().text);

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), base::Errc::Malformed);
  EXPECT_EQ(result.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    WireguardDump, RefusesDump,
    ::testing::Values(
        BadDump{"Empty", "", "wg dump: line 1: interface: expected 4 fields"},
        BadDump{"ShortInterface", kPrivate + "\t51820\toff\n",
                "wg dump: line 1: interface: expected 4 fields"},
        BadDump{"Port", kPrivate + "\t" + kPublic + "\t65536\toff\n",
                "wg dump: line 1: listen port: expected a number up to 65535"},
        BadDump{"PublicKey", kPrivate + "\t" + kPrivate.substr(4) + "\t1\toff\n",
                "wg dump: line 1: public key: expected base64 of 32 bytes"},
        BadDump{"ShortPeer", kInterface + kPeer + "\t(none)\n",
                "wg dump: line 2: peer: expected 8 fields"},
        BadDump{"Endpoint", kInterface + kPeer + "\t(none)\t1.2.3\t(none)\t0\t0\t0\toff\n",
                "wg dump: line 2: endpoint: expected ADDRESS:PORT or (none)"},
        BadDump{"Allowed", kInterface + kPeer + "\t(none)\t(none)\t10.0.0.1/8\t0\t0\t0\toff\n",
                "wg dump: line 2: allowed ips: expected ADDRESS/LENGTH"},
        BadDump{"Keepalive", kInterface + kPeer + "\t(none)\t(none)\t(none)\t0\t0\t0\tx\n",
                "wg dump: line 2: keepalive: expected a number up to 65535"},
        BadDump{"Twice",
                kInterface + kPeer + "\t(none)\t(none)\t(none)\t0\t0\t0\toff\n" + kPeer +
                    "\t(none)\t(none)\t(none)\t0\t0\t0\toff\n",
                "wg dump: line 3: public key: is there twice"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace device
