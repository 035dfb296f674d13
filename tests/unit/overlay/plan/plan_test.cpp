#include "overlay/plan/plan.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/overlay/plan/world.h"

namespace plan {
namespace {

using base::RouteKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::set<base::Prefix> prefixes(const std::vector<std::string>& texts) {
  std::set<base::Prefix> result;
  for (const auto& text : texts) {
    result.insert(prefix(text));
  }
  return result;
}

std::set<base::NextHop> over(const std::vector<std::string>& interfaces) {
  std::set<base::NextHop> hops;
  for (const auto& interface : interfaces) {
    hops.insert({interface, {}});
  }
  return hops;
}

// Three sites with a gateway (1, 11, 21) and two members each.
World three_sites() {
  World world;
  for (std::uint8_t site = 1; site <= 3; ++site) {
    const auto first = static_cast<std::uint8_t>(10 * (site - 1) + 1);
    world.add_site(site);
    world.add_gateway(first, site);
    world.add_node(static_cast<std::uint8_t>(first + 1), site);
    world.add_node(static_cast<std::uint8_t>(first + 2), site);
  }
  return world;
}

TEST(SitePlanTest, MemberPeersWithItsSiteAndNobodyElse) {
  const auto plan = three_sites().plan(2);

  ASSERT_EQ(plan.device.interfaces.size(), 1u);
  const auto& tunnel = plan.device.interfaces.at("ls0");
  EXPECT_THAT(tunnel.peers,
              UnorderedElementsAre(Pair(key(1), ::testing::_), Pair(key(3), ::testing::_)));
  EXPECT_EQ(tunnel.key, key(2));
  EXPECT_EQ(tunnel.listen_port, 51820);
  EXPECT_EQ(tunnel.mtu, 1420);
  EXPECT_THAT(tunnel.addresses,
              UnorderedElementsAre(address("10.192.16.2"), address("fd00:77:0:1::2")));
  EXPECT_THAT(plan.problems, IsEmpty());
}

TEST(SitePlanTest, MemberSendsEverythingElsewhereToItsGateway) {
  const auto plan = three_sites().plan(2);

  const auto* gateway = find_peer(plan, 1);
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(gateway->allowed, prefixes({"10.192.16.1/32", "fd00:77:0:1::1/128", "10.192.32.0/20",
                                        "fd00:77:0:2::/64", "10.192.48.0/20", "fd00:77:0:3::/64"}));
}

TEST(SitePlanTest, MembersAllowEachOtherTheirOwnAddressesOnly) {
  const auto plan = three_sites().plan(2);

  const auto* sibling = find_peer(plan, 3);
  ASSERT_NE(sibling, nullptr);
  EXPECT_EQ(sibling->allowed, prefixes({"10.192.16.3/32", "fd00:77:0:1::3/128"}));
  EXPECT_EQ(sibling->endpoint, endpoint("192.168.1.3:51820"));
  EXPECT_EQ(sibling->keepalive_s, 0);
}

TEST(SitePlanTest, OtherSitesAreOnePrefixEachAndFamilyNeverOnePerHost) {
  for (const auto id : {std::uint8_t{1}, std::uint8_t{2}}) {
    const auto plan = three_sites().plan(id);

    std::vector<std::string> routed;
    for (const auto& [destination, route] : plan.device.routes) {
      routed.push_back(destination.text());
    }
    EXPECT_THAT(routed, ElementsAre("10.192.0.0/12", "10.192.16.0/20", "10.192.32.0/20",
                                    "10.192.48.0/20", "fd00:77::/48", "fd00:77:0:1::/64",
                                    "fd00:77:0:2::/64", "fd00:77:0:3::/64"))
        << "node " << int{id};
    EXPECT_EQ(plan.device.rules, (std::set{base::Family::V4, base::Family::V6}));
  }
}

TEST(SitePlanTest, GatewaysMeshOverThePublicEndpointsWithKeepalive) {
  const auto plan = three_sites().plan(1);

  const auto* remote = find_peer(plan, 11);
  ASSERT_NE(remote, nullptr);
  EXPECT_EQ(remote->endpoint, endpoint("203.0.113.11:51820"));
  EXPECT_EQ(remote->keepalive_s, 25);
  EXPECT_EQ(remote->allowed, prefixes({"10.192.32.0/20", "fd00:77:0:2::/64"}));
  EXPECT_EQ(find_peer(plan, 12), nullptr);
}

TEST(SitePlanTest, GatewayWithoutAPublicEndpointIsAPassivePeer) {
  auto world = three_sites();
  world.node(11).public_endpoints.clear();

  const auto plan = world.plan(1);

  const auto* remote = find_peer(plan, 11);
  ASSERT_NE(remote, nullptr);
  EXPECT_FALSE(remote->endpoint.has_value());
  EXPECT_EQ(remote->keepalive_s, 0);
}

TEST(SitePlanTest, AddressesThatNobodyHoldsEndOnTheHost) {
  const auto plan = three_sites().plan(2);

  EXPECT_EQ(plan.device.routes.at(prefix("10.192.0.0/12")).kind, RouteKind::Unreachable);
  EXPECT_EQ(plan.device.routes.at(prefix("fd00:77::/48")).kind, RouteKind::Unreachable);
  // In the own site's block no peer of ls0 is allowed more than what it holds: nothing loops.
  EXPECT_EQ(plan.device.routes.at(prefix("10.192.16.0/20")).hops, over({"ls0"}));
  for (const auto& [peer_key, peer] : plan.device.interfaces.at("ls0").peers) {
    EXPECT_EQ(peer.allowed.count(prefix("10.192.16.0/20")), 0u);
  }
}

TEST(SitePlanTest, RoutesPreferTheNodesOwnAddressAsSource) {
  const auto plan = three_sites().plan(2);

  EXPECT_EQ(plan.device.routes.at(prefix("10.192.32.0/20")).source, address("10.192.16.2"));
  EXPECT_EQ(plan.device.routes.at(prefix("fd00:77:0:2::/64")).source, address("fd00:77:0:1::2"));
}

TEST(SitePlanTest, OnlyGatewaysAndHostsOfPodsForward) {
  auto world = three_sites();
  EXPECT_EQ(world.plan(2).device.sysctls.count("net.ipv4.ip_forward"), 0u);
  EXPECT_EQ(world.plan(1).device.sysctls.at("net.ipv4.ip_forward"), "1");
  EXPECT_EQ(world.plan(1).device.sysctls.at("net.ipv6.conf.all.forwarding"), "1");

  world.network().pod_prefixes = {prefix("10.200.0.0/16")};
  world.node(2).pods = {prefix("10.200.1.0/24")};
  EXPECT_EQ(world.plan(2).device.sysctls.at("net.ipv4.ip_forward"), "1");
}

TEST(SitePlanTest, WhoForwardsSendsNoRedirects) {
  auto world = three_sites();
  const auto gateway = world.plan(1).device;
  ASSERT_FALSE(gateway.interfaces.empty());
  for (const auto& [name, tunnel] : gateway.interfaces) {
    EXPECT_EQ(gateway.sysctls.at("net.ipv4.conf." + name + ".send_redirects"), "0");
  }
  EXPECT_EQ(gateway.sysctls.at("net.ipv4.conf.all.send_redirects"), "0");
  EXPECT_EQ(world.plan(2).device.sysctls.count("net.ipv4.conf.all.send_redirects"), 0u);
}

TEST(SitePlanTest, OwnPodsAreLeftToTheHost) {
  auto world = three_sites();
  world.network().pod_prefixes = {prefix("10.200.0.0/16")};
  world.node(2).pods = {prefix("10.200.1.0/24")};

  const auto plan = world.plan(2);

  EXPECT_EQ(plan.device.routes.at(prefix("10.200.1.0/24")).kind, RouteKind::Throw);
  EXPECT_EQ(plan.device.routes.at(prefix("10.200.0.0/16")).kind, RouteKind::Unreachable);
  EXPECT_EQ(plan.device.firewall->exempt, prefixes({"10.200.1.0/24"}));
  EXPECT_EQ(find_peer(world.plan(3), 2)->allowed,
            prefixes({"10.192.16.2/32", "fd00:77:0:1::2/128", "10.200.1.0/24"}));
}

TEST(SitePlanTest, EndpointInsideTheOverlayIsNeverUsed) {
  auto world = three_sites();
  world.node(3).lan_addresses = {address("10.192.16.3")};
  world.node(11).public_endpoints = {endpoint("10.192.32.11:51820"),
                                     endpoint("203.0.113.99:51820")};

  EXPECT_FALSE(find_peer(world.plan(2), 3)->endpoint.has_value());
  EXPECT_EQ(find_peer(world.plan(1), 11)->endpoint, endpoint("203.0.113.99:51820"));
}

TEST(SitePlanTest, LanAddressNearestToOursIsUsed) {
  auto world = three_sites();
  world.node(2).lan_addresses = {address("172.16.5.2"), address("2001:db8::2")};
  world.node(3).lan_addresses = {address("10.9.0.3"), address("172.16.5.3"),
                                 address("2001:db8::3")};

  EXPECT_EQ(find_peer(world.plan(2), 3)->endpoint, endpoint("172.16.5.3:51820"));

  world.node(2).lan_addresses = {address("2001:db8::2")};
  EXPECT_EQ(find_peer(world.plan(2), 3)->endpoint, endpoint("[2001:db8::3]:51820"));
}

TEST(SitePlanTest, KeyOfAnotherNodeIsNotGivenTwice) {
  auto world = three_sites();
  world.node(3).key = world.node(1).key;

  const auto plan = world.plan(2);

  EXPECT_EQ(plan.device.interfaces.at("ls0").peers.size(), 1u);
  EXPECT_THAT(plan.problems, ElementsAre("node node-3: its key is another node's, ignored"));
}

TEST(SitePlanTest, PrefixGivenTwiceStaysWithTheFirst) {
  auto world = three_sites();
  world.node(3).addresses = world.node(1).addresses;

  const auto plan = world.plan(2);

  EXPECT_THAT(find_peer(plan, 3)->allowed, IsEmpty());
  EXPECT_EQ(plan.problems.size(), 2u);
}

TEST(SitePlanTest, NodeThatTheViewDoesNotHoldIsNotFound) {
  auto world = three_sites();

  const auto plan = make_plan(world.view_of(2), Self{{99}}, {});

  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code(), base::Errc::NotFound);
  EXPECT_EQ(plan.error().text(), "plan: view does not hold this node, 0000000000000063");
}

TEST(SitePlanTest, SameFactsGiveTheSamePlan) {
  EXPECT_EQ(three_sites().plan(1).device, three_sites().plan(1).device);
}

// A site of two gateways, ranks 0 and 1, another of two, and a member in each.
World ranked() {
  World world;
  world.add_site(1);
  world.add_site(2);
  world.add_gateway(1, 1, 0);
  world.add_gateway(2, 1, 1);
  world.add_node(3, 1);
  world.add_gateway(11, 2, 0);
  world.add_gateway(12, 2, 1);
  world.add_node(13, 2);
  return world;
}

TEST(RankTest, InterfaceIsThePeersRankAndPortIsOurs) {
  const auto plan = ranked().plan(2);  // rank 1

  EXPECT_EQ(find_peer(plan, 11, 0)->endpoint, endpoint("203.0.113.11:51821"));
  EXPECT_EQ(find_peer(plan, 12, 1)->endpoint, endpoint("203.0.113.12:51821"));
  EXPECT_EQ(find_peer(plan, 1, 0)->endpoint, endpoint("192.168.1.1:51821"));
  EXPECT_EQ(find_peer(plan, 3, 0)->endpoint, endpoint("192.168.1.3:51821"));
  EXPECT_EQ(plan.device.interfaces.at("ls0").listen_port, 51820);
  EXPECT_EQ(plan.device.interfaces.at("ls1").listen_port, 51821);
  EXPECT_THAT(plan.device.interfaces.at("ls1").addresses, IsEmpty());
}

TEST(RankTest, MemberHasRankZeroAndReachesEachGatewayOnItsInterface) {
  const auto plan = ranked().plan(3);

  EXPECT_EQ(find_peer(plan, 1, 0)->endpoint, endpoint("192.168.1.1:51820"));
  EXPECT_EQ(find_peer(plan, 2, 1)->endpoint, endpoint("192.168.1.2:51820"));
  EXPECT_EQ(find_peer(plan, 2, 1)->allowed.count(prefix("10.192.32.0/20")), 1u);
}

TEST(RankTest, BothEndsOfEveryPairMeetAtOnePort) {
  auto world = ranked();
  for (const auto& [x, y] : std::vector<std::pair<std::uint8_t, std::uint8_t>>{
           {1, 11}, {1, 12}, {2, 11}, {2, 12}, {1, 2}, {1, 3}, {2, 3}}) {
    const auto rank = [](std::uint8_t id) { return id % 10 == 2 ? 1 : 0; };
    const auto plan_x = world.plan(x);
    const auto plan_y = world.plan(y);
    const auto* at_x = find_peer(plan_x, y, rank(y));
    const auto* at_y = find_peer(plan_y, x, rank(x));
    ASSERT_TRUE(at_x != nullptr && at_y != nullptr) << int{x} << " " << int{y};
    EXPECT_EQ(at_x->endpoint->port,
              plan_y.device.interfaces.at("ls" + std::to_string(rank(x))).listen_port);
    EXPECT_EQ(at_y->endpoint->port,
              plan_x.device.interfaces.at("ls" + std::to_string(rank(y))).listen_port);
  }
}

TEST(RankTest, RouteToASiteSpreadsOverItsGatewaysAlive) {
  auto world = ranked();
  const auto site = prefix("10.192.32.0/20");

  EXPECT_EQ(world.plan(1).device.routes.at(site).hops, over({"ls0", "ls1"}));
  EXPECT_EQ(world.plan(1, {{{11}}}).device.routes.at(site).hops, over({"ls1"}));
  EXPECT_EQ(world.plan(1, {{{11}, {12}}}).device.routes.at(site).hops, over({"ls0", "ls1"}));
  EXPECT_EQ(world.plan(1).device.sysctls.at("net.ipv4.fib_multipath_hash_policy"), "1");
}

TEST(RankTest, MemberSpreadsOverItsOwnGatewaysAlive) {
  auto world = ranked();
  const auto site = prefix("10.192.32.0/20");

  EXPECT_EQ(world.plan(3).device.routes.at(site).hops, over({"ls0", "ls1"}));
  EXPECT_EQ(world.plan(3, {{{2}}}).device.routes.at(site).hops, over({"ls0"}));
}

TEST(RankTest, GatewaysAreReachedOverTheirOwnRank) {
  auto world = ranked();

  const auto gateway = world.plan(1).device.routes;
  EXPECT_EQ(gateway.at(prefix("10.192.32.11/32")).hops, over({"ls0"}));
  EXPECT_EQ(gateway.at(prefix("10.192.32.12/32")).hops, over({"ls1"}));
  EXPECT_EQ(gateway.at(prefix("10.192.16.2/32")).hops, over({"ls1"}));

  const auto member = world.plan(3).device.routes;
  EXPECT_EQ(member.at(prefix("10.192.16.2/32")).hops, over({"ls1"}));
  EXPECT_EQ(member.count(prefix("10.192.16.1/32")), 0u);  // its site's route goes there already
}

TEST(RankTest, SecondGatewayOfARankIsIgnoredAndNamed) {
  auto world = three_sites();
  world.add_gateway(15, 2, 0);

  const auto plan = world.plan(1);

  EXPECT_EQ(find_peer(plan, 15), nullptr);
  ASSERT_EQ(plan.problems.size(), 1u);
  EXPECT_EQ(plan.problems[0],
            "node node-15: second gateway of rank 0 in its site, 000000000000000b is one, ignored");
}

World native() {
  World world;
  world.add_site(1).is_lan_native = true;
  world.add_site(2);
  world.add_gateway(1, 1);
  world.add_node(2, 1);
  world.add_node(3, 1);
  world.add_gateway(11, 2);
  return world;
}

TEST(NativeSiteTest, MembersHaveOnlyTheirGatewayAsPeer) {
  const auto plan = native().plan(2);

  EXPECT_THAT(plan.device.interfaces.at("ls0").peers, ElementsAre(Pair(key(1), ::testing::_)));
}

TEST(NativeSiteTest, MembersReachEachOtherOverTheLan) {
  const auto plan = native().plan(2);

  const auto& route = plan.device.routes.at(prefix("10.192.16.3/32"));
  EXPECT_EQ(route.hops, (std::set<base::NextHop>{{"", address("192.168.1.3")}}));
  EXPECT_EQ(route.source, address("10.192.16.2"));
  EXPECT_EQ(plan.device.routes.count(prefix("10.192.16.0/20")), 0u);
  EXPECT_EQ(plan.device.routes.at(prefix("10.192.16.1/32")).hops, over({"ls0"}));
  EXPECT_EQ(plan.device.firewall->exempt.count(prefix("10.192.16.0/20")), 1u);
}

TEST(NativeSiteTest, FamilyWithoutALanAddressIsReported) {
  const auto plan = native().plan(2);

  EXPECT_THAT(plan.problems,
              ElementsAre("site site-1: lan: native, but 1 IPv6 prefixes belong to nodes without a "
                          "LAN address of that family, unreachable"));
}

TEST(NativeSiteTest, GatewayKeepsItsMembersAsPeers) {
  const auto plan = native().plan(1);

  EXPECT_NE(find_peer(plan, 2), nullptr);
  EXPECT_NE(find_peer(plan, 3), nullptr);
  EXPECT_EQ(plan.device.routes.at(prefix("10.192.16.0/20")).hops, over({"ls0"}));
}

World with_spoke() {
  auto world = three_sites();
  world.add_node(9, 1, model::Role::Spoke);
  return world;
}

TEST(SpokeTest, HangsOnTheGatewaysOfItsSiteAlone) {
  const auto plan = with_spoke().plan(9);

  const auto& peers = plan.device.interfaces.at("ls0").peers;
  ASSERT_THAT(peers, ElementsAre(Pair(key(1), ::testing::_)));
  const auto& gateway = peers.at(key(1));
  EXPECT_EQ(gateway.endpoint, endpoint("203.0.113.1:51820"));
  EXPECT_EQ(gateway.keepalive_s, 25);
  EXPECT_EQ(gateway.allowed, prefixes({"10.192.16.0/20", "fd00:77:0:1::/64", "10.192.32.0/20",
                                       "fd00:77:0:2::/64", "10.192.48.0/20", "fd00:77:0:3::/64"}));
}

TEST(SpokeTest, MembersOfItsSiteReachItThroughTheGateway) {
  auto world = with_spoke();

  const auto member = world.plan(2);
  EXPECT_EQ(find_peer(member, 9), nullptr);
  EXPECT_EQ(find_peer(member, 1)->allowed.count(prefix("10.192.16.9/32")), 1u);

  const auto gateway = world.plan(1);
  EXPECT_FALSE(find_peer(gateway, 9)->endpoint.has_value());
  EXPECT_EQ(find_peer(gateway, 9)->allowed, prefixes({"10.192.16.9/32", "fd00:77:0:1::9/128"}));
}

World mesh(std::size_t count) {
  World world(model::Topology::Mesh);
  world.add_site(1);
  world.add_site(2);
  for (std::size_t i = 1; i <= count; ++i) {
    auto& node = world.add_node(static_cast<std::uint8_t>(i % 250 + 1), i % 2 == 0 ? 2 : 1);
    node.id = {i};
    node.name = "n" + std::to_string(i);
    node.key.bytes[0] = static_cast<std::uint8_t>(i >> 8);
    node.public_endpoints = {endpoint("203.0.113.1:51820")};
  }
  return world;
}

TEST(MeshPlanTest, EveryNodePeersWithEveryOther) {
  auto world = mesh(5);

  const auto plan = make_plan(world.view_of(1), Self{{1}}, {});

  ASSERT_TRUE(plan.ok()) << plan.error().text();
  const auto& device = plan.value().device;
  ASSERT_EQ(device.interfaces.size(), 1u);
  EXPECT_EQ(device.interfaces.at("ls0").peers.size(), 4u);
  EXPECT_EQ(device.routes.at(prefix("10.192.0.0/12")).hops, over({"ls0"}));
}

TEST(MeshPlanTest, UsesTheLanInsideASiteAndThePublicEndpointBetween) {
  auto world = mesh(4);

  const auto plan = make_plan(world.view_of(1), Self{{1}}, {}).value();

  for (const auto& [peer_key, peer] : plan.device.interfaces.at("ls0").peers) {
    const bool is_near = peer_key[1] == 4;  // node 3 has number 4, as node 1 in site 1
    EXPECT_EQ(peer.endpoint->address, is_near ? address("192.168.1.4") : address("203.0.113.1"));
    EXPECT_EQ(peer.keepalive_s, is_near ? 0 : 25);
  }
}

TEST(MeshPlanTest, IsRefusedAboveFiveHundredNodes) {
  auto allowed = mesh(500);
  EXPECT_TRUE(make_plan(allowed.view_of(1), Self{{1}}, {}).ok());

  auto refused = mesh(501);
  const auto plan = make_plan(refused.view_of(1), Self{{1}}, {});

  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code(), base::Errc::LimitExceeded);
  EXPECT_EQ(plan.error().text(), "plan: network fleet: 501 nodes in a mesh, at most 500");
}

}  // namespace
}  // namespace plan
