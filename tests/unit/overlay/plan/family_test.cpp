#include "overlay/plan/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/plan/diff.h"
#include "tests/unit/overlay/plan/world.h"

namespace plan {
namespace {

using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::StartsWith;

// The gateway of one of two sites: it has settings of both families.
base::DeviceState gateway() {
  World world;
  for (std::uint8_t site = 1; site <= 2; ++site) {
    world.add_site(site);
    world.add_gateway(static_cast<std::uint8_t>(10 * site), site);
    world.add_node(static_cast<std::uint8_t>(10 * site + 1), site);
  }
  return world.plan(10).device;
}

TEST(WithoutFamilyTest, LeavesNoStepThatAKernelWithoutIpv6Refuses) {
  auto wanted = gateway();

  EXPECT_TRUE(without_family(wanted, base::Family::V6));

  EXPECT_THAT(wanted.interfaces.at("ls0").addresses, ElementsAre(address("10.192.16.10")));
  EXPECT_THAT(wanted.rules, ElementsAre(base::Family::V4));
  for (const auto& change : diff(wanted, {})) {
    if (const auto* route = std::get_if<base::SetRoute>(&change); route != nullptr) {
      EXPECT_TRUE(route->prefix.address().is_v4()) << route->prefix.text();
    }
    if (const auto* sysctl = std::get_if<base::SetSysctl>(&change); sysctl != nullptr) {
      EXPECT_THAT(sysctl->key, Not(StartsWith("net.ipv6.")));
    }
  }
}

TEST(WithoutFamilyTest, LeavesTheOtherFamilyAndThePeersAsTheyWere) {
  const auto full = gateway();
  auto v4 = full;
  without_family(v4, base::Family::V6);
  auto v6 = full;
  without_family(v6, base::Family::V4);

  EXPECT_EQ(v4.routes.size() + v6.routes.size(), full.routes.size());
  EXPECT_EQ(v4.sysctls.size() + v6.sysctls.size(), full.sysctls.size());
  EXPECT_EQ(v4.interfaces.at("ls0").peers, full.interfaces.at("ls0").peers);
  EXPECT_EQ(v4.firewall, full.firewall);
}

TEST(WithoutFamilyTest, SaysThatNothingWasThere) {
  auto wanted = gateway();
  without_family(wanted, base::Family::V6);

  EXPECT_FALSE(without_family(wanted, base::Family::V6));
}

}  // namespace
}  // namespace plan
