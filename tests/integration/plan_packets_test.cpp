// Plans made into real devices, and packets sent over them: two sites whose LANs have the same
// private prefix, two gateways (ranks 0 and 1) and a member in each, joined by a WAN.
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "overlay/crypto/keys.h"
#include "overlay/device/device.h"
#include "overlay/plan/diff.h"
#include "tests/integration/device_namespace.h"
#include "tests/unit/overlay/plan/world.h"

namespace plan {
namespace {

using device::Device;
using device::Namespace;

constexpr base::WallTime kLongAfter{std::int64_t{1} << 50};  // no handshake is fresh then

struct Host {
  Namespace place;
  crypto::WireguardKey key = crypto::WireguardKey::generate();
  std::unique_ptr<Device> device;
};

class PacketsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root for network namespaces";
    }
    hub_ = std::make_unique<Namespace>();
    for (const char* bridge : {"wan", "lan1", "lan2"}) {
      hub_->run_in({"ip", "link", "add", bridge, "type", "bridge"});
      hub_->run_in({"ip", "link", "set", bridge, "up"});
    }
    for (const std::uint8_t site : {std::uint8_t{1}, std::uint8_t{2}}) {
      const auto first = static_cast<std::uint8_t>(10 * (site - 1));
      world_.add_site(site);
      add_host(static_cast<std::uint8_t>(first + 1), site);
      add_host(static_cast<std::uint8_t>(first + 2), site);
      add_host(static_cast<std::uint8_t>(first + 3), site);
    }
  }

  // Numbers 1 and 2 of a site are its gateways.
  void add_host(std::uint8_t id, std::uint8_t site) {
    const bool is_gateway = id % 10 < 3;
    if (is_gateway) {
      world_.add_gateway(id, site, static_cast<std::uint8_t>(id % 10 - 1));
    } else {
      world_.add_node(id, site);
    }
    auto& host = *hosts_.emplace(id, std::make_unique<Host>()).first->second;
    world_.node(id).key = host.key.public_key();
    const auto number = std::to_string(id);
    plug(host, "eth0", "lan" + std::to_string(site), "192.168.1." + number + "/24", number);
    if (is_gateway) {
      plug(host, "eth1", "wan", "203.0.113." + number + "/24", number);
    }
    host.place.in([&] {
      auto opened =
          Device::open({.journal_path = std::string(Namespace::kDirectory) + "/journal.json",
                        .private_key = host.key.private_key().bytes()});
      CHECK(opened.ok());
      host.device = std::make_unique<Device>(std::move(opened).value());
    });
  }

  void plug(const Host& host, const std::string& name, const std::string& bridge,
            const std::string& address, const std::string& number) {
    const auto port = bridge + "-" + number;
    host.place.connect(name, *hub_, port);
    hub_->run_in({"ip", "link", "set", port, "master", bridge});
    host.place.run_in({"ip", "addr", "add", address, "dev", name});
  }

  // Makes the host what its view says, with these gateways seen dead.
  void settle(std::uint8_t id, const Health& health = {}) {
    const auto wanted = world_.plan(id, health).device;
    std::set<std::string> sysctls;
    for (const auto& [key, value] : wanted.sysctls) {
      sysctls.insert(key);
    }
    const auto& host = *hosts_.at(id);
    host.place.in([&] {
      const auto actual = host.device->read(sysctls, kLongAfter);
      ASSERT_TRUE(actual.ok()) << actual.error().text();
      const auto status = host.device->apply(diff(wanted, actual.value()));
      ASSERT_TRUE(status.ok()) << "node " << int{id} << ": " << status.error().text();
      const auto after = host.device->read(sysctls, kLongAfter);
      ASSERT_TRUE(after.ok());
      EXPECT_TRUE(diff(wanted, after.value()).empty()) << "node " << int{id};
    });
  }
  void settle_all() {
    for (const auto& [id, host] : hosts_) {
      settle(id);
    }
  }

  // Until the first answer: WireGuard repeats a lost handshake after 5 s, and one that was sent
  // before the other end knew the peer is lost.
  void expect_ping(std::uint8_t from, std::uint8_t to) {
    for (const auto& target : world_.node(to).addresses) {
      const auto result = hosts_.at(from)->place.in([&] {
        return loop::run_tool({.argv = {"ping", "-c1", "-i0.2", "-w9", target.text()}});
      });
      EXPECT_TRUE(result.ok()) << int{from} << " -> " << int{to} << " " << target.text();
    }
  }
  void expect_all_pings() {
    for (const auto& [from, host] : hosts_) {
      for (const auto& [to, other] : hosts_) {
        if (from != to) {
          expect_ping(from, to);
        }
      }
    }
  }

  World world_;
  std::unique_ptr<Namespace> hub_;
  std::map<std::uint8_t, std::unique_ptr<Host>> hosts_;
};

TEST_F(PacketsTest, EveryHostReachesEveryOtherOverRankedGateways) {
  settle_all();

  expect_all_pings();
}

TEST_F(PacketsTest, RankDroppedOnOneSideOnlyLeavesEveryPairConnected) {
  settle_all();
  expect_ping(3, 13);

  settle(1, {{{11}}});
  settle(3, {{{1}}});

  expect_all_pings();
}

TEST_F(PacketsTest, GatewayThatDiesIsRoutedAroundByThoseWhoSawIt) {
  settle_all();
  expect_ping(3, 13);

  hosts_.at(1)->place.in([] {
    ASSERT_TRUE(device::remove_link("eth0").ok());
    ASSERT_TRUE(device::remove_link("eth1").ok());
  });
  const Health health{{{1}}};
  for (const std::uint8_t id :
       {std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{11}, std::uint8_t{12}, std::uint8_t{13}}) {
    settle(id, health);
  }

  expect_ping(3, 13);
  expect_ping(13, 3);
  expect_ping(11, 3);
  expect_ping(2, 11);
}

}  // namespace
}  // namespace plan
