// Random but valid facts, from one seed: the same facts on every machine.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "overlay/base/random.h"
#include "overlay/model/view.h"

namespace model {

class RandomFacts {
 public:
  explicit RandomFacts(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  base::Address address() {
    if (below(2) == 0) {
      return base::Address::v4(static_cast<std::uint32_t>(below(1ULL << 32)));
    }
    std::array<std::uint8_t, 16> bytes{};
    random_.fill(bytes);
    return base::Address::v6(bytes);
  }
  base::Prefix prefix() {
    const base::Address from = address();
    return base::Prefix(from, static_cast<std::uint8_t>(below(from.bits() + 1U)));
  }
  base::Endpoint endpoint() {
    return {address(), static_cast<std::uint16_t>(1 + below(kListenPortMax))};
  }
  std::string name() {
    std::string text = "n";
    for (std::uint64_t i = below(20); i > 0; --i) {
      text += "abcdefghijklmnopqrstuvwxyz0123456789"[below(36)];
    }
    return text;
  }
  template <typename Make>
  auto some(std::size_t min, std::size_t max, Make make) {
    std::vector<decltype(make())> values;
    for (std::uint64_t i = min + below(max - min + 1); i > 0; --i) {
      values.push_back(make());
    }
    return values;
  }

  NetworkFact network(NetworkId id) {
    NetworkFact fact{.id = id, .name = name()};
    fact.topology = below(2) == 0 ? Topology::Site : Topology::Mesh;
    fact.prefixes = some(1, 3, [this] { return prefix(); });
    fact.pod_prefixes = some(0, 3, [this] { return prefix(); });
    fact.mtu = static_cast<std::uint16_t>(kMtuMin + below(kMtuMax - kMtuMin + 1));
    fact.keepalive_s = static_cast<std::uint16_t>(below(kKeepaliveMax_s + 1U));
    return fact;
  }
  SiteFact site(SiteId id) {
    SiteFact fact{.id = id, .name = name()};
    fact.prefixes = some(0, 3, [this] { return prefix(); });
    fact.pod_prefixes = some(0, 3, [this] { return prefix(); });
    fact.is_lan_native = below(2) == 0;
    return fact;
  }
  NodeFact node(NodeId id) {
    NodeFact fact{.id = id, .site = site_id(), .name = name()};
    fact.role = static_cast<Role>(1 + below(3));
    random_.fill(fact.key.bytes);
    fact.addresses = some(1, 2, [this] { return address(); });
    fact.pods = some(0, 2, [this] { return prefix(); });
    fact.listen_port = static_cast<std::uint16_t>(1 + below(kListenPortMax));
    fact.lan_addresses = some(0, 3, [this] { return address(); });
    fact.public_endpoints = some(0, 2, [this] { return endpoint(); });
    return fact;
  }
  GatewayFact gateway(NodeId id) {
    return {.node = id, .site = site_id(), .rank = static_cast<std::uint8_t>(below(kRanksMax))};
  }
  ReplicaFact replica(ReplicaId id) {
    ReplicaFact fact{.id = id, .site = site_id(), .url = "https://" + name() + ".example:5000"};
    fact.sources = some(1, 3, [this] { return name() + ".io"; });
    return fact;
  }

  // Any kind, with an id of 1..id_max; canonical.
  Fact fact(std::uint64_t id_max) {
    const std::uint64_t id = 1 + below(id_max);
    const auto id32 = static_cast<std::uint32_t>(id);
    Fact made = network(NetworkId{id32});
    switch (below(5)) {
      case 0:
        break;
      case 1:
        made = site(SiteId{id32});
        break;
      case 2:
        made = node(NodeId{id});
        break;
      case 3:
        made = gateway(NodeId{id});
        break;
      default:
        made = replica(ReplicaId{id32});
    }
    canonicalise(made);
    return made;
  }

  // An upsert or, less often, a removal of something that may or may not be there.
  FactChange change(std::uint64_t id_max) {
    Fact made = fact(id_max);
    return below(3) == 0 ? removal(key_of(made)) : upsert(std::move(made));
  }

 private:
  SiteId site_id() { return SiteId{static_cast<std::uint32_t>(1 + below(4))}; }

  base::SeededRandom random_;
};

// A small network that tests can talk about: two sites, "amber" with gateway 1 and members 2, 3;
// "basalt" with gateway 4 and member 5; one replica each.
std::vector<FactChange> small_network();

}  // namespace model
