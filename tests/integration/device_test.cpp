// The device adapters against a real kernel: links, WireGuard (wireguard-go where the kernel has
// none), routes, rules, nft and sysctls in network namespaces of their own.
#include "overlay/device/device.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/crypto/keys.h"
#include "overlay/device/host_facts.h"
#include "overlay/device/link.h"
#include "overlay/device/nft.h"
#include "overlay/device/route.h"
#include "overlay/device/sysctl.h"
#include "overlay/plan/diff.h"
#include "overlay/plan/family.h"
#include "tests/integration/device_namespace.h"

namespace device {
namespace {

using base::Address;
using base::Endpoint;
using base::Prefix;

const std::string kJournal = std::string(Namespace::kDirectory) + "/journal.json";

// No handshake of the test is fresh then: endpoints may be set.
constexpr base::WallTime kLongAfter{std::int64_t{1} << 50};

Address address(const std::string& text) {
  return Address::parse(text).value();
}
Prefix prefix(const std::string& text) {
  return Prefix::parse(text).value();
}
Endpoint endpoint(const std::string& text) {
  return Endpoint::parse(text).value();
}

// `left` and `right` are hosts on one LAN, 192.168.7.1 and .2.
class DeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root for network namespaces";
    }
    left_ = std::make_unique<Namespace>();
    right_ = std::make_unique<Namespace>();
    left_->connect("eth0", *right_, "eth0");
    left_->run_in({"ip", "addr", "add", "192.168.7.1/24", "dev", "eth0"});
    right_->run_in({"ip", "addr", "add", "192.168.7.2/24", "dev", "eth0"});
  }

  static Device open(const crypto::WireguardKey& key) {
    auto device =
        Device::open({.journal_path = kJournal, .private_key = key.private_key().bytes()});
    CHECK(device.ok());
    return std::move(device).value();
  }

  // Everything that leaving must restore, as text.
  static std::string snapshot() {
    std::string text;
    for (const auto& argv : std::vector<std::vector<std::string>>{
             {"ip", "-d", "link"},
             {"ip", "address"},
             {"ip", "rule"},
             {"ip", "-6", "rule"},
             {"ip", "route", "show", "table", "all"},
             {"ip", "-6", "route", "show", "table", "all"},
             {"nft", "list", "ruleset"},
             {"sysctl", "-a", "-r", "^net[.]ipv[46][.](conf|ip_|fib)"}}) {
      text += Namespace::run(argv);
    }
    return text;
  }

  // A state with one peer, routes of every kind in both families, rules, firewall, sysctls.
  static base::DeviceState make_state(const crypto::WireguardKey& own,
                                      const crypto::WireguardPublicKey& peer) {
    base::DeviceState state;
    auto& tunnel = state.interfaces["ls0"];
    tunnel.key = own.public_key().bytes;
    tunnel.listen_port = 51820;
    tunnel.mtu = 1420;
    tunnel.addresses = {address("10.192.0.1"), address("fd00:77::1")};
    tunnel.peers[peer.bytes] = {
        .endpoint = endpoint("192.168.7.2:51820"),
        .allowed = {prefix("10.192.0.2/32"), prefix("10.192.16.0/20"), prefix("fd00:77::2/128")},
        .keepalive_s = 25};
    auto& second = state.interfaces["ls1"];
    second.key = tunnel.key;
    second.listen_port = 51821;
    second.mtu = 1420;

    const base::Route over_both{.kind = base::RouteKind::Unicast,
                                .hops = {{"ls0", {}}, {"ls1", {}}},
                                .source = address("10.192.0.1")};
    auto over_both_v6 = over_both;
    over_both_v6.source = address("fd00:77::1");
    state.routes[prefix("10.192.16.0/20")] = over_both;
    state.routes[prefix("fd00:77:0:1::/64")] = over_both_v6;
    state.routes[prefix("10.192.0.0/20")] = {
        .kind = base::RouteKind::Unicast, .hops = {{"ls0", {}}}, .source = address("10.192.0.1")};
    state.routes[prefix("fd00:77::/64")] = {
        .kind = base::RouteKind::Unicast, .hops = {{"ls0", {}}}, .source = address("fd00:77::1")};
    state.routes[prefix("10.192.0.9/32")] = {.kind = base::RouteKind::Unicast,
                                             .hops = {{"", address("192.168.7.2")}},
                                             .source = address("10.192.0.1")};
    state.routes[prefix("10.192.0.0/12")] = {
        .kind = base::RouteKind::Unreachable, .hops = {}, .source = {}};
    state.routes[prefix("fd00:77::/48")] = {
        .kind = base::RouteKind::Unreachable, .hops = {}, .source = {}};
    state.routes[prefix("10.200.1.0/24")] = {
        .kind = base::RouteKind::Throw, .hops = {}, .source = {}};
    state.rules = {base::Family::V4, base::Family::V6};
    state.firewall = base::Firewall{.overlay = {prefix("10.192.0.0/12"), prefix("fd00:77::/48")},
                                    .exempt = {prefix("10.200.1.0/24")}};
    state.sysctls = {{"net.ipv4.conf.ls0.rp_filter", "2"},
                     {"net.ipv4.ip_forward", "1"},
                     {"net.ipv6.conf.all.forwarding", "1"},
                     {"net.ipv4.fib_multipath_hash_policy", "1"}};
    return state;
  }

  // ls0 with one peer and nothing else.
  static base::DeviceState one_peer(const crypto::WireguardKey& own,
                                    const crypto::WireguardPublicKey& peer,
                                    const std::optional<Endpoint>& at) {
    base::DeviceState state;
    auto& tunnel = state.interfaces["ls0"];
    tunnel.key = own.public_key().bytes;
    tunnel.listen_port = 51820;
    tunnel.mtu = 1420;
    tunnel.peers[peer.bytes] = {.endpoint = at, .allowed = {prefix("10.192.0.0/20")}};
    return state;
  }

  static std::set<std::string> keys_of(const base::DeviceState& state) {
    std::set<std::string> keys;
    for (const auto& [key, value] : state.sysctls) {
      keys.insert(key);
    }
    return keys;
  }

  static base::DeviceState read(const Device& device, const base::DeviceState& wanted) {
    const auto state = device.read(keys_of(wanted), kLongAfter);
    EXPECT_TRUE(state.ok()) << state.error().text();
    return state.ok() ? state.value() : base::DeviceState{};
  }

  static void apply(Device& device, const base::DeviceState& wanted) {
    const auto status = device.apply(plan::diff(wanted, read(device, wanted)));
    EXPECT_TRUE(status.ok()) << status.error().text();
  }

  static void expect_reached(const std::string& from, const std::string& target) {
    Namespace::run({"ping", "-c1", "-W3", "-I", from, target});
  }

  std::unique_ptr<Namespace> left_;
  std::unique_ptr<Namespace> right_;
  const crypto::WireguardKey left_key_ = crypto::WireguardKey::generate();
  const crypto::WireguardKey right_key_ = crypto::WireguardKey::generate();
};

TEST_F(DeviceTest, WhatWasAppliedReadsBackAsWanted) {
  left_->in([&] {
    auto device = open(left_key_);
    const auto wanted = make_state(left_key_, right_key_.public_key());

    apply(device, wanted);

    EXPECT_EQ(read(device, wanted), wanted);
    EXPECT_THAT(plan::diff(wanted, read(device, wanted)), ::testing::IsEmpty());
  });
}

TEST_F(DeviceTest, UndoLeavesTheHostAsItWas) {
  left_->in([&] {
    const auto before = snapshot();
    auto device = open(left_key_);
    apply(device, make_state(left_key_, right_key_.public_key()));
    ASSERT_NE(snapshot(), before);

    // The journal alone must do: the agent that made these things may be long gone.
    auto later = open(left_key_);
    const auto status = later.undo();

    EXPECT_TRUE(status.ok()) << status.error().text();
    EXPECT_EQ(snapshot(), before);
    EXPECT_FALSE(std::filesystem::exists(kJournal));
  });
}

TEST_F(DeviceTest, StepsBackToNothingLeaveTheHostAsItWas) {
  left_->in([&] {
    const auto before = snapshot();
    auto device = open(left_key_);
    apply(device, make_state(left_key_, right_key_.public_key()));

    apply(device, {});

    EXPECT_EQ(snapshot(), before);
  });
}

TEST_F(DeviceTest, RoutesChangeKindAndHopsInPlace) {
  left_->in([&] {
    auto device = open(left_key_);
    auto wanted = make_state(left_key_, right_key_.public_key());
    apply(device, wanted);

    for (const char* text : {"10.192.16.0/20", "fd00:77:0:1::/64"}) {
      wanted.routes[prefix(text)].hops = {{"ls1", {}}};
    }
    apply(device, wanted);
    EXPECT_EQ(read(device, wanted), wanted);

    for (const char* text : {"10.192.16.0/20", "fd00:77:0:1::/64"}) {
      wanted.routes[prefix(text)] = {
          .kind = base::RouteKind::Unreachable, .hops = {}, .source = {}};
    }
    apply(device, wanted);
    EXPECT_EQ(read(device, wanted), wanted);

    wanted = make_state(left_key_, right_key_.public_key());
    apply(device, wanted);
    EXPECT_EQ(read(device, wanted), wanted);
  });
}

TEST_F(DeviceTest, PacketsToUnassignedOverlayAddressesNeverReachTheDefaultRoute) {
  left_->in([&] {
    Namespace::run({"ip", "route", "add", "default", "via", "192.168.7.2"});
    auto device = open(left_key_);
    apply(device, make_state(left_key_, right_key_.public_key()));

    EXPECT_FALSE(loop::run_tool({.argv = {"ip", "route", "get", "10.193.1.1"}}).ok());
    EXPECT_THAT(Namespace::run({"ip", "route", "get", "10.192.17.5"}),
                ::testing::HasSubstr("src 10.192.0.1"));
    EXPECT_THAT(Namespace::run({"ip", "route", "get", "10.200.1.7"}),
                ::testing::HasSubstr("via 192.168.7.2"));
  });
}

TEST_F(DeviceTest, NewPeerIsGreetedWithoutWaitingForAPacket) {
  auto right = right_->in([&] { return open(right_key_); });
  right_->in([&] { apply(right, one_peer(right_key_, left_key_.public_key(), {})); });

  left_->in([&] {
    auto device = open(left_key_);
    auto wanted = one_peer(left_key_, right_key_.public_key(), endpoint("192.168.7.2:51820"));
    auto alone = wanted;
    alone.interfaces["ls0"].peers.clear();
    apply(device, alone);
    apply(device, wanted);
    EXPECT_EQ(read(device, wanted), wanted);

    constexpr int kLooksMax = 1000;
    std::int64_t handshake_unix_s = 0;
    for (int i = 0; i < kLooksMax && handshake_unix_s == 0; ++i) {
      handshake_unix_s = read_wireguard("ls0")
                             .value()
                             .peers.at(right_key_.public_key().bytes)
                             .last_handshake_unix_s;
    }
    EXPECT_GT(handshake_unix_s, 0);
  });
}

TEST_F(DeviceTest, EndpointChangesWithoutANewSession) {
  base::DeviceState right_state;
  auto& tunnel = right_state.interfaces["ls0"];
  tunnel.key = right_key_.public_key().bytes;
  tunnel.listen_port = 51820;
  tunnel.mtu = 1420;
  tunnel.addresses = {address("10.192.0.2")};
  tunnel.peers[left_key_.public_key().bytes] = {.endpoint = {},
                                                .allowed = {prefix("10.192.0.1/32")}};
  right_state.routes[prefix("10.192.0.0/20")] = {
      .kind = base::RouteKind::Unicast, .hops = {{"ls0", {}}}, .source = {}};
  right_state.rules = {base::Family::V4};
  auto right = right_->in([&] { return open(right_key_); });
  right_->in([&] { apply(right, right_state); });
  right_->run_in({"ip", "addr", "add", "192.168.7.3/24", "dev", "eth0"});

  left_->in([&] {
    auto device = open(left_key_);
    auto wanted = make_state(left_key_, right_key_.public_key());
    wanted.interfaces.erase("ls1");
    for (auto& [destination, route] : wanted.routes) {
      route.hops.erase(base::NextHop{"ls1", {}});
    }
    apply(device, wanted);
    expect_reached("10.192.0.1", "10.192.0.2");
    const auto& key = right_key_.public_key().bytes;
    const auto before = read_wireguard("ls0").value().peers.at(key);
    EXPECT_GT(before.last_handshake_unix_s, 0);

    auto& peer = wanted.interfaces["ls0"].peers[key];
    peer.endpoint = endpoint("192.168.7.3:51820");
    apply(device, wanted);

    const auto after = read_wireguard("ls0").value().peers.at(key);
    EXPECT_EQ(after.settings.endpoint, endpoint("192.168.7.3:51820"));
    EXPECT_EQ(after.settings.allowed, before.settings.allowed);
    EXPECT_EQ(after.last_handshake_unix_s, before.last_handshake_unix_s);
    expect_reached("10.192.0.1", "10.192.0.2");
    EXPECT_EQ(read_wireguard("ls0").value().peers.at(key).last_handshake_unix_s,
              before.last_handshake_unix_s);

    const auto alive = device.read({}, base::WallTime{before.last_handshake_unix_s * 1000 + 1000});
    EXPECT_TRUE(alive.value().interfaces.at("ls0").peers.at(key).is_alive);
  });
}

TEST_F(DeviceTest, ManyPeersGoInAndOutInFewCalls) {
  left_->in([&] {
    auto device = open(left_key_);
    base::DeviceState wanted;
    auto& tunnel = wanted.interfaces["ls0"];
    tunnel.key = left_key_.public_key().bytes;
    tunnel.listen_port = 51820;
    tunnel.mtu = 1420;
    for (std::uint32_t i = 0; i < 1200; ++i) {
      base::TunnelKey key{};
      key[0] = static_cast<std::uint8_t>(i);
      key[1] = static_cast<std::uint8_t>(i >> 8);
      key[2] = 1;
      tunnel.peers[key] = {.endpoint = Endpoint{Address::v4(0xc0a80800U + i), 51820},
                           .allowed = {Prefix::host(Address::v4(0x0ac00000U + i))}};
    }
    apply(device, wanted);
    EXPECT_EQ(read(device, wanted), wanted);

    tunnel.peers.clear();
    apply(device, wanted);
    EXPECT_EQ(read(device, wanted), wanted);
  });
}

TEST_F(DeviceTest, OneBadRouteKeepsNothingElseAway) {
  left_->in([&] {
    auto device = open(left_key_);
    auto wanted = make_state(left_key_, right_key_.public_key());
    wanted.routes[prefix("10.192.0.8/32")] = {
        .kind = base::RouteKind::Unicast, .hops = {{"", address("203.0.113.1")}}, .source = {}};

    const auto status = device.apply(plan::diff(wanted, read(device, wanted)));

    ASSERT_FALSE(status.ok());
    EXPECT_THAT(status.error().text(), ::testing::StartsWith("route 10.192.0.8/32: set: "));
    wanted.routes.erase(prefix("10.192.0.8/32"));
    EXPECT_EQ(read(device, wanted), wanted);
  });
}

TEST_F(DeviceTest, PeerIsRemovedEvenWhenAnAdditionFails) {
  left_->in([&] {
    auto device = open(left_key_);
    auto wanted = one_peer(left_key_, right_key_.public_key(), {});
    wanted.routes[prefix("10.192.0.0/20")] = {
        .kind = base::RouteKind::Unicast, .hops = {{"ls0", {}}}, .source = {}};
    apply(device, wanted);
    const auto before = wanted;
    wanted.interfaces["ls0"].peers.clear();
    wanted.routes = {{prefix("10.192.64.0/20"),
                      {.kind = base::RouteKind::Unicast, .hops = {{"ls3", {}}}, .source = {}}}};

    const auto status = device.apply(plan::diff(wanted, read(device, wanted)));

    EXPECT_FALSE(status.ok());
    const auto after = read(device, wanted);
    EXPECT_TRUE(after.interfaces.at("ls0").peers.empty());
    EXPECT_EQ(after.routes, before.routes) << "what shall take its place is not there";
  });
}

TEST_F(DeviceTest, HostWithoutIpv6TakesTheRestOfThePlan) {
  left_->in([&] {
    EXPECT_TRUE(is_ipv6_usable());
    ASSERT_TRUE(write_sysctl("net.ipv6.conf.all.disable_ipv6", "1").ok());
    EXPECT_FALSE(is_ipv6_usable());
    auto device = open(left_key_);
    auto wanted = make_state(left_key_, right_key_.public_key());
    plan::without_family(wanted, base::Family::V6);

    apply(device, wanted);

    EXPECT_THAT(plan::diff(wanted, read(device, wanted)), ::testing::IsEmpty());
  });
}

TEST_F(DeviceTest, ForwardingKeepsTheHostListeningToRouterAdvertisements) {
  left_->in([&] {
    ASSERT_TRUE(write_sysctl("net.ipv6.conf.eth0.accept_ra", "1").ok());
    auto device = open(left_key_);
    base::DeviceState wanted;
    wanted.sysctls = {{"net.ipv6.conf.all.forwarding", "1"}};

    apply(device, wanted);
    EXPECT_EQ(read_sysctl("net.ipv6.conf.eth0.accept_ra").value(), "2");

    apply(device, {});
    EXPECT_EQ(read_sysctl("net.ipv6.conf.eth0.accept_ra").value(), "1");
    EXPECT_EQ(read_sysctl("net.ipv6.conf.all.forwarding").value(), "0");
    EXPECT_THAT(device.journal().entries(), ::testing::IsEmpty());
  });
}

TEST_F(DeviceTest, TablesOfOthersAreNotTouched) {
  left_->in([&] {
    Namespace::run({"nft", "add", "table", "inet", "others"});
    Namespace::run({"ip", "route", "add", "10.77.0.0/16", "via", "192.168.7.2"});
    Namespace::run({"ip", "rule", "add", "priority", "7751", "lookup", "100"});
    const auto before = snapshot();
    auto device = open(left_key_);

    apply(device, make_state(left_key_, right_key_.public_key()));
    EXPECT_TRUE(device.undo().ok());

    EXPECT_EQ(snapshot(), before);
  });
}

TEST_F(DeviceTest, ForeignRuleInOurTableIsSeenAndTheTableMadeAnew) {
  left_->in([&] {
    auto device = open(left_key_);
    const auto wanted = make_state(left_key_, right_key_.public_key());
    apply(device, wanted);
    Namespace::run({"nft", "add", "rule", "inet", "linkspan", "input", "drop"});
    EXPECT_FALSE(read(device, wanted).firewall.has_value());

    apply(device, wanted);

    EXPECT_EQ(read(device, wanted).firewall, wanted.firewall);
  });
}

TEST_F(DeviceTest, HostFactsNameTheLanAndNotTheTunnels) {
  left_->in([&] {
    auto device = open(left_key_);
    apply(device, make_state(left_key_, right_key_.public_key()));
    Namespace::run({"ip", "link", "add", "docker0", "type", "bridge"});
    Namespace::run({"ip", "addr", "add", "172.17.0.1/16", "dev", "docker0"});
    Namespace::run({"ip", "link", "set", "docker0", "up"});
    Namespace::run({"ip", "route", "add", "10.77.0.0/16", "via", "192.168.7.2"});

    const auto facts = read_host_facts();

    ASSERT_TRUE(facts.ok());
    EXPECT_THAT(facts.value().lan_addresses, ::testing::ElementsAre(address("192.168.7.1")));
    EXPECT_THAT(facts.value().local_prefixes,
                ::testing::ElementsAre(prefix("10.77.0.0/16"), prefix("172.17.0.0/16"),
                                       prefix("192.168.7.0/24")));
  });
}

}  // namespace
}  // namespace device
