#include "overlay/device/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace device {
namespace {

using ::testing::ElementsAre;

Link link(const std::string& name, const std::string& kind) {
  return {.name = name, .index = 1, .master_index = 0, .mtu = 1420, .is_up = true, .kind = kind};
}

TEST(LeftoversTest, InterfaceAloneMayBeAnybodys) {
  Leftovers found;

  add_interfaces({link("ls0", "wireguard")}, found);

  EXPECT_TRUE(found.empty());
}

TEST(LeftoversTest, TunnelsOfOurNameBesideOurRuleAreOurs) {
  Leftovers found;
  found.rules = {base::Family::V4};

  add_interfaces({link("ls0", "wireguard"), link("ls1", "tun"), link("ls2", "dummy"),
                  link("wg0", "wireguard"), link("lsx", "wireguard")},
                 found);

  EXPECT_THAT(found.interfaces, ElementsAre("ls0", "ls1"));
}

TEST(LeftoversTest, NamesAreForPeople) {
  const Leftovers all{.interfaces = {"ls0"},
                      .rules = {base::Family::V4, base::Family::V6},
                      .routes = {base::Prefix::parse("10.192.0.0/12").value()},
                      .is_firewall_there = true};

  EXPECT_THAT(all.names(), ElementsAre("ls0", "rule 7750 (IPv4)", "rule 7750 (IPv6)",
                                       "1 route in table 7750", "nft table inet linkspan"));
}

}  // namespace
}  // namespace device
