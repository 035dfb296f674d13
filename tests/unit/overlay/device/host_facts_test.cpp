#include "overlay/device/host_facts.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace device {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

base::Address address(const std::string& text) {
  return base::Address::parse(text).value();
}
base::Prefix prefix(const std::string& text) {
  return base::Prefix::parse(text).value();
}

Link link(int index, const std::string& name, const std::string& kind = "") {
  return {
      .name = name, .index = index, .master_index = 0, .mtu = 1500, .is_up = true, .kind = kind};
}

// One server of the field: two LANs, docker, a CNI, another overlay, our tunnel.
HostNetworks server() {
  HostNetworks networks;
  networks.links = {link(1, "lo"),
                    link(2, "eth0"),
                    link(3, "eth1"),
                    link(4, "docker0", "bridge"),
                    link(5, "br-0123456789ab", "bridge"),
                    link(6, "cni0", "bridge"),
                    link(7, "flannel.1", "vxlan"),
                    link(8, "wg0", "wireguard"),
                    link(9, "tailscale0", "tun"),
                    link(10, "ls0", "tun"),
                    link(11, "veth1a2b3c", "veth")};
  networks.addresses = {{1, address("127.0.0.1"), 8},    {2, address("10.1.0.5"), 24},
                        {2, address("2001:db8::5"), 64}, {2, address("fe80::5"), 64},
                        {3, address("10.0.0.5"), 24},    {4, address("172.17.0.1"), 16},
                        {5, address("172.18.0.1"), 16},  {6, address("10.42.3.1"), 24},
                        {7, address("10.42.3.0"), 32},   {8, address("10.8.0.2"), 24},
                        {9, address("100.64.0.9"), 32},  {10, address("10.192.0.7"), 32}};
  networks.routes = {{prefix("10.20.0.0/16"), 2},
                     {prefix("10.42.0.0/24"), 7},
                     {prefix("fe80::/64"), 2},
                     {prefix("ff00::/8"), 2},
                     {prefix("10.192.0.0/12"), 10}};
  networks.default_link_indexes = {2};
  return networks;
}

TEST(HostFactsTest, LanAddressesAreThoseOfLansBestFirst) {
  EXPECT_THAT(choose_host_facts(server()).lan_addresses,
              ElementsAre(address("10.1.0.5"), address("10.0.0.5"), address("2001:db8::5")));
}

TEST(HostFactsTest, AddressesThatPassAreNotForPeers) {
  HostNetworks networks = server();
  networks.addresses.push_back({2, address("2001:db8::dead"), 64, true});

  EXPECT_EQ(choose_host_facts(networks).lan_addresses, choose_host_facts(server()).lan_addresses);
}

TEST(HostFactsTest, LocalPrefixesCoverContainersAndOtherOverlaysButNotOurs) {
  EXPECT_THAT(choose_host_facts(server()).local_prefixes,
              ElementsAre(prefix("10.0.0.0/24"), prefix("10.1.0.0/24"), prefix("10.8.0.0/24"),
                          prefix("10.20.0.0/16"), prefix("10.42.0.0/24"), prefix("10.42.3.0/24"),
                          prefix("10.42.3.0/32"), prefix("100.64.0.9/32"), prefix("172.17.0.0/16"),
                          prefix("172.18.0.0/16"), prefix("2001:db8::/64")));
}

TEST(HostFactsTest, LinkThatIsDownIsNoLan) {
  auto networks = server();
  networks.links[1].is_up = false;

  EXPECT_THAT(choose_host_facts(networks).lan_addresses, ElementsAre(address("10.0.0.5")));
}

TEST(HostFactsTest, BridgeWithAHardwarePortIsALan) {
  auto networks = server();
  networks.links.push_back(link(20, "br0", "bridge"));
  networks.addresses.push_back({20, address("10.2.0.5"), 24});
  EXPECT_THAT(choose_host_facts(networks).lan_addresses,
              ::testing::Not(::testing::Contains(address("10.2.0.5"))));

  networks.links.push_back(link(21, "eth2"));
  networks.links.back().master_index = 20;
  EXPECT_THAT(choose_host_facts(networks).lan_addresses, ::testing::Contains(address("10.2.0.5")));
}

TEST(HostFactsTest, LinkOfTheDefaultRouteIsALanWhateverItsName) {
  auto networks = server();
  networks.default_link_indexes = {4};

  EXPECT_EQ(choose_host_facts(networks).lan_addresses.front(), address("172.17.0.1"));
}

TEST(HostFactsTest, DefaultRouteThroughATunnelMakesItNoLan) {
  auto networks = server();
  networks.default_link_indexes = {9};

  EXPECT_THAT(choose_host_facts(networks).lan_addresses,
              ::testing::Not(::testing::Contains(address("100.64.0.9"))));
}

TEST(HostFactsTest, EthernetOfAServerInAContainerIsALan) {
  HostNetworks networks;
  networks.links = {link(2, "eth0", "veth")};
  networks.addresses = {{2, address("192.168.1.2"), 24}};

  EXPECT_THAT(choose_host_facts(networks).lan_addresses, ElementsAre(address("192.168.1.2")));
}

TEST(HostFactsTest, NothingGivesNothing) {
  EXPECT_THAT(choose_host_facts({}).lan_addresses, IsEmpty());
  EXPECT_THAT(choose_host_facts({}).local_prefixes, IsEmpty());
}

}  // namespace
}  // namespace device
