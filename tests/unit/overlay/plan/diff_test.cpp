#include "overlay/plan/diff.h"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/base/random.h"
#include "tests/unit/overlay/plan/kernel_model.h"

namespace plan {
namespace {

using base::Prefix;
using ::testing::IsEmpty;

base::TunnelKey key(std::uint8_t number) {
  base::TunnelKey key{};
  key.fill(number);
  return key;
}

Prefix prefix(const std::string& text) {
  return Prefix::parse(text).value();
}

// One interface with two peers, a route, a rule.
base::DeviceState sample() {
  base::DeviceState state;
  auto& tunnel = state.interfaces["ls0"];
  tunnel.key = key(1);
  tunnel.listen_port = 51820;
  tunnel.mtu = 1420;
  tunnel.addresses = {base::Address::parse("10.192.0.1").value()};
  tunnel.peers[key(2)] = {.endpoint = base::Endpoint::parse("192.0.2.2:51820").value(),
                          .allowed = {prefix("10.192.0.2/32")}};
  tunnel.peers[key(3)] = {.endpoint = {}, .allowed = {prefix("10.192.16.0/20")}, .keepalive_s = 25};
  state.routes[prefix("10.192.16.0/20")] = {
      .kind = base::RouteKind::Unicast, .hops = {{"ls0", {}}}, .source = {}};
  state.rules = {base::Family::V4};
  return state;
}

// A handful of values for everything, so that random states meet often.
class RandomState {
 public:
  explicit RandomState(std::uint64_t seed) : random_(seed) {}

  base::DeviceState make() {
    base::DeviceState state;
    for (const char* name : {"ls0", "ls1", "ls2"}) {
      if (chance(2)) {
        state.interfaces[name] = make_tunnel();
      }
    }
    for (std::uint8_t i = 0; i < 6; ++i) {
      if (chance(2)) {
        state.routes[some_prefix(i)] = make_route(state);
      }
    }
    for (const auto family : {base::Family::V4, base::Family::V6}) {
      if (chance(2)) {
        state.rules.insert(family);
      }
    }
    if (chance(2)) {
      state.firewall = base::Firewall{.overlay = {some_prefix(pick(3))}, .exempt = {}};
    }
    for (const char* name : {"a", "b", "c"}) {
      if (chance(2)) {
        state.sysctls[name] = std::to_string(pick(2));
      }
    }
    return state;
  }

 private:
  std::uint8_t pick(std::uint64_t bound) { return static_cast<std::uint8_t>(random_.below(bound)); }
  bool chance(std::uint64_t of) { return random_.below(of) == 0; }

  static Prefix some_prefix(std::uint8_t number) {
    return Prefix(base::Address::v4(0x0a000000U + (std::uint32_t{number} << 8)), 24);
  }

  base::TunnelInterface make_tunnel() {
    base::TunnelInterface tunnel;
    tunnel.key = key(pick(2));
    tunnel.listen_port = static_cast<std::uint16_t>(51820 + pick(2));
    tunnel.mtu = static_cast<std::uint16_t>(1400 + pick(2));
    for (std::uint8_t i = 0; i < 3; ++i) {
      if (chance(2)) {
        tunnel.addresses.insert(base::Address::v4(i + 1U));
      }
      if (chance(2)) {
        auto& peer = tunnel.peers[key(static_cast<std::uint8_t>(10 + i))];
        peer.keepalive_s = pick(2);
        peer.endpoint = base::Endpoint{base::Address::v4(0xc0000200U + pick(2)), 51820};
      }
    }
    for (std::uint8_t i = 0; !tunnel.peers.empty() && i < 5; ++i) {  // each prefix to one peer
      auto holder = tunnel.peers.begin();
      std::advance(holder, pick(tunnel.peers.size()));
      if (chance(2)) {
        holder->second.allowed.insert(some_prefix(i));
      }
    }
    return tunnel;
  }

  base::Route make_route(const base::DeviceState& state) {
    base::Route route;
    for (const auto& [name, tunnel] : state.interfaces) {
      if (chance(2)) {
        route.hops.insert({name, {}});
      }
    }
    if (route.hops.empty()) {
      route.kind = base::RouteKind::Unreachable;
    }
    return route;
  }

  base::SeededRandom random_;
};

TEST(DiffTest, BetweenEqualStatesIsNoStep) {
  EXPECT_THAT(diff(sample(), sample()), IsEmpty());
}

TEST(DiffTest, FromNothingAddsInTheOrderInWhichThingsNeedEachOther) {
  std::vector<std::string> texts;
  for (const auto& change : diff(sample(), {})) {
    texts.push_back(base::text_of(change));
  }

  EXPECT_THAT(texts, ::testing::ElementsAre(
                         "interface ls0: add, port 51820", "interface ls0: add address 10.192.0.1",
                         "peer AgICAgIC on ls0: endpoint 192.0.2.2:51820 1 allowed prefixes",
                         "peer AwMDAwMD on ls0: 1 allowed prefixes keepalive 25 s",
                         "route 10.192.16.0/20: set", "rule ipv4: add"));
}

TEST(DiffTest, AppliedToAKernelGivesTheWantedStateFromAnyOther) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    RandomState random(seed);
    const auto wanted = random.make();
    KernelModel kernel(random.make());

    kernel.apply(diff(wanted, kernel.state()));

    ASSERT_THAT(kernel.faults(), IsEmpty()) << "seed " << seed;
    ASSERT_EQ(kernel.state(), wanted) << "seed " << seed;
  }
}

TEST(DiffTest, AdditionsComeBeforeRemovals) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    RandomState random(seed);
    bool has_removed = false;
    for (const auto& change : diff(random.make(), random.make())) {
      const auto text = base::text_of(change);
      const bool is_removal =
          text.find("remove") != std::string::npos || text.find("restore") != std::string::npos;
      ASSERT_FALSE(has_removed && !is_removal) << "seed " << seed << ": " << text;
      has_removed = has_removed || is_removal;
    }
  }
}

TEST(DiffTest, MovedPrefixIsTakenOverInOneStep) {
  const auto actual = sample();
  auto wanted = actual;
  wanted.interfaces["ls0"].peers[key(3)].allowed.clear();
  wanted.interfaces["ls0"].peers[key(2)].allowed.insert(prefix("10.192.16.0/20"));

  const auto changes = diff(wanted, actual);

  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(std::get<base::SetPeer>(changes[0]).key, key(2));
}

TEST(DiffTest, PeersThatSwapPrefixesNeverLeaveOneWithoutAHolder) {
  const auto actual = sample();
  auto wanted = actual;
  std::swap(wanted.interfaces["ls0"].peers[key(2)].allowed,
            wanted.interfaces["ls0"].peers[key(3)].allowed);

  KernelModel kernel(actual);
  for (const auto& change : diff(wanted, actual)) {
    kernel.apply({change});
    std::size_t held = 0;
    for (const auto& [peer_key, peer] : kernel.state().interfaces.at("ls0").peers) {
      held += peer.allowed.size();
    }
    EXPECT_EQ(held, 2u);
  }
  EXPECT_EQ(kernel.state(), wanted);
}

TEST(DiffTest, EndpointOfAPeerThatIsAliveIsLeftAlone) {
  const auto wanted = sample();
  auto actual = wanted;
  auto& peer = actual.interfaces["ls0"].peers[key(2)];
  peer.endpoint = base::Endpoint::parse("198.51.100.9:1024").value();
  peer.is_alive = true;

  EXPECT_THAT(diff(wanted, actual), IsEmpty());

  peer.is_alive = false;
  const auto changes = diff(wanted, actual);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(std::get<base::SetPeer>(changes[0]).endpoint,
            base::Endpoint::parse("192.0.2.2:51820").value());
}

TEST(DiffTest, LearnedEndpointOfAPassivePeerStays) {
  const auto wanted = sample();
  auto actual = wanted;
  actual.interfaces["ls0"].peers[key(3)].endpoint =
      base::Endpoint::parse("198.51.100.9:1024").value();

  EXPECT_THAT(diff(wanted, actual), IsEmpty());
}

TEST(DiffTest, KeyThatIsTheSameIsNeverSet) {
  const auto wanted = sample();
  auto actual = wanted;
  actual.interfaces["ls0"].mtu = 1280;

  const auto changes = diff(wanted, actual);

  ASSERT_EQ(changes.size(), 1u);
  EXPECT_FALSE(std::get<base::SetInterface>(changes[0]).key.has_value());
}

TEST(DiffTest, LongPrefixesAreRoutedBeforeTheUnreachableRestOfTheOverlay) {
  auto wanted = sample();
  wanted.routes[prefix("10.192.0.0/12")] = {
      .kind = base::RouteKind::Unreachable, .hops = {}, .source = {}};
  auto actual = sample();
  actual.routes.clear();

  const auto changes = diff(wanted, actual);

  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(std::get<base::SetRoute>(changes[0]).prefix, prefix("10.192.16.0/20"));
  EXPECT_EQ(std::get<base::SetRoute>(changes[1]).prefix, prefix("10.192.0.0/12"));
}

base::DeviceState with_peers(std::uint8_t count) {
  base::DeviceState state;
  for (std::uint8_t i = 0; i < count; ++i) {
    state.interfaces["ls0"].peers[key(i)] = {};
  }
  return state;
}

TEST(CheckRemovalsTest, RefusesToDropOverThirtyPercent) {
  EXPECT_TRUE(check_removals(with_peers(70), with_peers(100), {}).ok());

  const auto status = check_removals(with_peers(69), with_peers(100), {});

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), base::Errc::Conflict);
  EXPECT_EQ(status.error().text(),
            "plan: drops 31 of 100 peers at once, at most 30 % unless the coordinator signs it as "
            "meant");
}

TEST(CheckRemovalsTest, WhatIsExcusedDoesNotCount) {
  std::set<base::TunnelKey> excused;
  const auto actual = with_peers(100);
  for (const auto& [key, peer] : actual.interfaces.at("ls0").peers) {
    excused.insert(key);
  }
  EXPECT_TRUE(check_removals(with_peers(0), actual, excused).ok());

  // All but 31 of them.
  for (int i = 0; i < 31; ++i) {
    excused.erase(excused.begin());
  }
  EXPECT_FALSE(check_removals(with_peers(0), actual, excused).ok());
  excused.insert(actual.interfaces.at("ls0").peers.begin()->first);
  EXPECT_TRUE(check_removals(with_peers(0), actual, excused).ok());
}

TEST(CheckRemovalsTest, AFewMayAlwaysGo) {
  EXPECT_TRUE(check_removals(with_peers(0), with_peers(3), {}).ok());
  EXPECT_FALSE(check_removals(with_peers(0), with_peers(4), {}).ok());
}

TEST(CheckRemovalsTest, PeerThatMovesToAnotherInterfaceIsNotDropped) {
  const auto actual = with_peers(100);
  base::DeviceState wanted;
  wanted.interfaces["ls1"] = actual.interfaces.at("ls0");

  EXPECT_TRUE(check_removals(wanted, actual, {}).ok());
}

}  // namespace
}  // namespace plan
