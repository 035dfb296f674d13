// A network of sites for plan tests: facts in, the view of any node out, exactly as the coordinator
// would give it.
#pragma once

#include <string>
#include <vector>

#include "overlay/base/check.h"
#include "overlay/model/membership.h"
#include "overlay/model/view.h"
#include "overlay/plan/plan.h"

namespace plan {

inline base::Address address(const std::string& text) {
  return base::Address::parse(text).value();
}
inline base::Prefix prefix(const std::string& text) {
  return base::Prefix::parse(text).value();
}
inline base::Endpoint endpoint(const std::string& text) {
  return base::Endpoint::parse(text).value();
}

// Site S has 10.192.<16 S>.0/20 and fd00:77:0:<S>::/64; node N has the N-th address there and, by
// its number, key, LAN address 192.168.1.N and, if it is a gateway, public address 203.0.113.N.
class World {
 public:
  explicit World(model::Topology topology = model::Topology::Site) {
    network_.id = {1};
    network_.name = "fleet";
    network_.topology = topology;
    network_.prefixes = {prefix("10.192.0.0/12"), prefix("fd00:77::/48")};
    network_.mtu = 1420;
    network_.keepalive_s = 25;
  }

  model::NetworkFact& network() { return network_; }

  model::SiteFact& add_site(std::uint32_t id) {
    model::SiteFact site;
    site.id = {id};
    site.name = "site-" + std::to_string(id);
    site.prefixes = {prefix("10.192." + std::to_string(16 * id) + ".0/20"),
                     prefix("fd00:77:0:" + std::to_string(id) + "::/64")};
    sites_.push_back(site);
    return sites_.back();
  }

  model::NodeFact& add_node(std::uint8_t id, std::uint32_t site,
                            model::Role role = model::Role::Member) {
    const auto number = std::to_string(id);
    model::NodeFact node;
    node.id = {id};
    node.site = {site};
    node.name = "node-" + number;
    node.role = role;
    node.key.bytes.fill(id);
    node.addresses = {address("10.192." + std::to_string(16 * site) + "." + number),
                      address("fd00:77:0:" + std::to_string(site) + "::" + number)};
    node.listen_port = 51820;
    if (role != model::Role::Spoke) {
      node.lan_addresses = {address("192.168.1." + number)};
    }
    if (role == model::Role::Gateway) {
      node.public_endpoints = {endpoint("203.0.113." + number + ":51820")};
    }
    nodes_.push_back(node);
    return nodes_.back();
  }

  void add_gateway(std::uint8_t id, std::uint32_t site, std::uint8_t rank = 0) {
    add_node(id, site, model::Role::Gateway);
    gateways_.push_back({{id}, {site}, rank});
  }

  model::NodeFact& node(std::uint8_t id) {
    for (auto& node : nodes_) {
      if (node.id.value == id) {
        return node;
      }
    }
    CHECK(false);
  }

  model::View view_of(std::uint8_t id) {
    const auto& self = node(id);
    const auto view_id = model::view_of(network_.id, network_.topology, self.site, self.role);
    std::vector<model::FactChange> changes;
    const auto add = [&](const model::Fact& fact) {
      if (model::holds(view_id, network_.topology, fact)) {
        changes.push_back(model::upsert(fact));
      }
    };
    add(network_);
    for (const auto& site : sites_) {
      add(site);
    }
    for (const auto& node : nodes_) {
      add(node);
    }
    for (const auto& gateway : gateways_) {
      add(gateway);
    }
    model::View view;
    const auto status = view.apply(changes);
    CHECK(status.ok());
    return view;
  }

  base::Result<Plan> try_plan(std::uint8_t id, const Health& health = {}) {
    return make_plan(view_of(id), Self{{id}}, health);
  }
  Plan plan(std::uint8_t id, const Health& health = {}) {
    auto result = try_plan(id, health);
    CHECK(result.ok());
    return std::move(result).value();
  }

 private:
  model::NetworkFact network_;
  std::vector<model::SiteFact> sites_;
  std::vector<model::NodeFact> nodes_;
  std::vector<model::GatewayFact> gateways_;
};

inline base::TunnelKey key(std::uint8_t number) {
  base::TunnelKey key{};
  key.fill(number);
  return key;
}

// The peer of `id` on the interface of the rank, or null.
inline const base::TunnelPeer* find_peer(const Plan& plan, std::uint8_t id, int rank = 0) {
  const auto tunnel = plan.device.interfaces.find("ls" + std::to_string(rank));
  if (tunnel == plan.device.interfaces.end()) {
    return nullptr;
  }
  const auto peer = tunnel->second.peers.find(key(id));
  return peer == tunnel->second.peers.end() ? nullptr : &peer->second;
}

}  // namespace plan
