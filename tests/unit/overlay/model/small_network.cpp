#include "tests/unit/overlay/model/random_facts.h"

namespace model {
namespace {

base::Address address(const std::string& text) {
  return base::Address::parse(text).value();
}
base::Prefix prefix(const std::string& text) {
  return base::Prefix::parse(text).value();
}

NodeFact node(std::uint64_t id, SiteId site, Role role) {
  NodeFact fact{.id = NodeId{id}, .site = site, .name = "host-" + std::to_string(id)};
  fact.role = role;
  fact.key.bytes.fill(static_cast<std::uint8_t>(id));
  fact.addresses = {
      address("10.192." + std::to_string(site.value * 16) + "." + std::to_string(id))};
  fact.lan_addresses = {address("192.168.0." + std::to_string(id))};
  return fact;
}

}  // namespace

std::vector<FactChange> small_network() {
  constexpr SiteId kAmber{1};
  constexpr SiteId kBasalt{2};
  NetworkFact network{.id = NetworkId{1}, .name = "lab"};
  network.prefixes = {prefix("10.192.0.0/12")};
  SiteFact amber{.id = kAmber, .name = "amber"};
  amber.prefixes = {prefix("10.192.16.0/20")};
  SiteFact basalt{.id = kBasalt, .name = "basalt"};
  basalt.prefixes = {prefix("10.192.32.0/20")};
  return {upsert(network),
          upsert(amber),
          upsert(basalt),
          upsert(node(1, kAmber, Role::Gateway)),
          upsert(node(2, kAmber, Role::Member)),
          upsert(node(3, kAmber, Role::Member)),
          upsert(node(4, kBasalt, Role::Gateway)),
          upsert(node(5, kBasalt, Role::Member)),
          upsert(GatewayFact{NodeId{1}, kAmber, 0}),
          upsert(GatewayFact{NodeId{4}, kBasalt, 0}),
          upsert(ReplicaFact{ReplicaId{1}, kAmber, "http://10.192.16.9:5000", {"images.lab:5000"}}),
          upsert(ReplicaFact{ReplicaId{2}, kBasalt, "http://10.192.32.9:5000", {"docker.io"}})};
}

}  // namespace model
