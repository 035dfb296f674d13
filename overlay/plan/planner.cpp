#include "overlay/plan/planner.h"

#include <algorithm>
#include <string>
#include <utility>

#include "overlay/plan/endpoint.h"

namespace plan {
namespace {

std::string interface_name(std::uint8_t rank) {
  return std::string(base::kInterfacePrefix) + std::to_string(rank);
}

std::set<base::Prefix> own_prefixes(const model::NodeFact& node) {
  std::set<base::Prefix> prefixes(node.pods.begin(), node.pods.end());
  for (const auto& address : node.addresses) {
    prefixes.insert(base::Prefix::host(address));
  }
  return prefixes;
}

void insert_site(std::set<base::Prefix>& prefixes, const model::SiteFact& site) {
  prefixes.insert(site.prefixes.begin(), site.prefixes.end());
  prefixes.insert(site.pod_prefixes.begin(), site.pod_prefixes.end());
}

}  // namespace

std::set<base::Prefix> without_nested(const std::set<base::Prefix>& prefixes) {
  std::set<base::Prefix> outer;
  for (const auto& prefix : prefixes) {
    // A container sorts before what it contains: same or lower address, shorter.
    if (outer.empty() || !outer.rbegin()->contains(prefix)) {
      outer.insert(prefix);
    }
  }
  return outer;
}

base::Result<Plan> Planner::run(model::NodeId self) {
  if (auto status = find_self(self); !status.ok()) {
    return status.error();
  }
  if (!is_mesh_) {
    rank_gateways();
  }
  auto& first = interface(0);
  first.addresses.insert(self_->addresses.begin(), self_->addresses.end());
  plan_peers();
  plan_routes();
  plan_firewall();
  plan_sysctls();
  return std::move(plan_);
}

base::Status Planner::find_self(model::NodeId self) {
  network_ = view_.network();
  if (network_ == nullptr) {
    return base::Error(base::Errc::NotFound, "plan: view has no network");
  }
  self_ = view_.node(self);
  if (self_ == nullptr) {
    return base::Error(base::Errc::NotFound,
                       "plan: view does not hold this node, " + model::text_of(self));
  }
  is_mesh_ = network_->topology == model::Topology::Mesh;
  site_ = view_.site(self_->site);
  if (site_ == nullptr && !is_mesh_) {
    return base::Error(base::Errc::NotFound, "plan: view does not hold this node's site, " +
                                                 std::to_string(self_->site.value));
  }
  if (self_->addresses.empty()) {
    return base::Error(base::Errc::Malformed,
                       "plan: node " + self_->name + ": 0 addresses, expected 1 or more");
  }
  if (const auto count = view_.nodes().size(); is_mesh_ && count > kMeshNodesMax) {
    return base::Error(base::Errc::LimitExceeded,
                       "plan: network " + network_->name + ": " + std::to_string(count) +
                           " nodes in a mesh, at most " + std::to_string(kMeshNodesMax));
  }
  overlay_ = network_->prefixes;
  overlay_.insert(overlay_.end(), network_->pod_prefixes.begin(), network_->pod_prefixes.end());
  return {};
}

void Planner::rank_gateways() {
  std::map<std::pair<model::SiteId, std::uint8_t>, model::NodeId> taken;
  for (const auto* gateway : view_.gateways()) {  // by node id: the first of a rank is the lowest
    const auto* node = view_.node(gateway->node);
    if (node == nullptr) {
      plan_.problems.push_back("gateway " + model::text_of(gateway->node) +
                               ": its node is not in the view, ignored");
      continue;
    }
    if (node->site != gateway->site || gateway->rank >= model::kRanksMax) {
      problem(*node, "gateway of rank " + std::to_string(gateway->rank) + " for site " +
                         std::to_string(gateway->site.value) + ", ignored");
      continue;
    }
    const auto [at, is_new] = taken.try_emplace({gateway->site, gateway->rank}, gateway->node);
    if (!is_new) {
      problem(*node, "second gateway of rank " + std::to_string(gateway->rank) + " in its site, " +
                         model::text_of(at->second) + " is one, ignored");
      continue;
    }
    ranks_.emplace(node->id, gateway->rank);
    gateways_[gateway->site].push_back({node, gateway->rank});
  }
}

bool Planner::is_spoke(const model::NodeFact& node) const {
  return node.role == model::Role::Spoke && !is_gateway(node);
}

bool Planner::is_on_our_lan(const model::NodeFact& node) const {
  return is_own_site(node) && !is_spoke(node) && !is_spoke(*self_);
}

bool Planner::is_native(const model::NodeFact& node) const {
  return !is_mesh_ && site_->is_lan_native && is_on_our_lan(node) && !is_gateway(node) &&
         !is_gateway(*self_);
}

bool Planner::is_peer(const model::NodeFact& node) const {
  if (node.id == self_->id) {
    return false;
  }
  if (is_mesh_ || (is_gateway(node) && (is_own_site(node) || is_gateway(*self_)))) {
    return true;
  }
  if (!is_own_site(node)) {
    return false;
  }
  // Members of the site; spokes only hang on its gateways.
  return is_gateway(*self_) || (is_on_our_lan(node) && !is_native(node));
}

std::uint8_t Planner::rank_of(const model::NodeFact& node) const {
  const auto found = ranks_.find(node.id);
  return found == ranks_.end() ? std::uint8_t{0} : found->second;
}

base::TunnelInterface& Planner::interface(std::uint8_t rank) {
  const auto [at, is_new] = plan_.device.interfaces.try_emplace(interface_name(rank));
  if (is_new) {
    at->second.key = self_->key.bytes;
    at->second.listen_port = static_cast<std::uint16_t>(self_->listen_port + rank);
    at->second.mtu = network_->mtu;
  }
  return at->second;
}

void Planner::plan_peers() {
  for (const auto* node : view_.nodes()) {
    if (is_peer(*node)) {
      plan_peer(*node);
    }
  }
}

void Planner::plan_peer(const model::NodeFact& node) {
  const auto rank = rank_of(node);
  auto& tunnel = interface(rank);
  if (node.key == self_->key || tunnel.peers.count(node.key.bytes) > 0) {
    problem(node, "its key is another node's, ignored");
    return;
  }
  base::TunnelPeer peer;
  peer.endpoint = endpoint_of(node);
  if (peer.endpoint.has_value() && !is_on_our_lan(node)) {
    peer.keepalive_s = network_->keepalive_s;
  }
  auto& held = holders_[interface_name(rank)];
  for (const auto& prefix : without_nested(allowed_of(node))) {
    const auto [at, is_free] = held.try_emplace(prefix, node.id);
    if (is_free) {
      peer.allowed.insert(prefix);
    } else {
      problem(node, prefix.text() + " belongs to node " + model::text_of(at->second) +
                        " already, not given to this one");
    }
  }
  tunnel.peers.emplace(node.key.bytes, std::move(peer));
}

std::set<base::Prefix> Planner::allowed_of(const model::NodeFact& node) const {
  auto allowed = own_prefixes(node);
  if (!is_gateway(node)) {
    return allowed;
  }
  if (is_gateway(*self_)) {
    const auto* site = view_.site(node.site);
    if (!is_own_site(node) && site != nullptr) {
      insert_site(allowed, *site);
    }
    return allowed;
  }
  // A member or spoke sends to its gateway what is elsewhere.
  for (const auto* site : view_.sites()) {
    if (site->id != self_->site || is_spoke(*self_)) {
      insert_site(allowed, *site);
    }
  }
  for (const auto* other : view_.nodes()) {
    if (is_own_site(*other) && is_spoke(*other) && other->id != self_->id) {
      allowed.merge(own_prefixes(*other));
    }
  }
  return allowed;
}

std::optional<base::Endpoint> Planner::endpoint_of(const model::NodeFact& node) const {
  const auto our_rank = rank_of(*self_);
  if (is_on_our_lan(node)) {
    if (const auto address = choose_lan_address(*self_, node, overlay_); address.has_value()) {
      return base::Endpoint{*address, static_cast<std::uint16_t>(node.listen_port + our_rank)};
    }
  }
  auto endpoint = choose_public_endpoint(*self_, node, overlay_);
  if (endpoint.has_value()) {
    endpoint->port = static_cast<std::uint16_t>(endpoint->port + our_rank);
  }
  return endpoint;
}

void Planner::plan_firewall() {
  std::set<base::Prefix> exempt(self_->pods.begin(), self_->pods.end());
  if (!is_mesh_ && site_->is_lan_native) {
    insert_site(exempt, *site_);
  }
  plan_.device.firewall = base::Firewall{
      .overlay = without_nested({overlay_.begin(), overlay_.end()}),
      .exempt = without_nested(exempt),
  };
}

void Planner::plan_sysctls() {
  auto& sysctls = plan_.device.sysctls;
  for (const auto& [name, tunnel] : plan_.device.interfaces) {
    // Loose, not off: the kernel takes the higher of this and conf.all, so only 2 is sure to undo
    // a host-wide strict 1, and it still asks for a route back (README.md).
    sysctls["net.ipv4.conf." + name + ".rp_filter"] = "2";
  }
  const auto& rules = plan_.device.rules;
  if (is_gateway(*self_) || !self_->pods.empty()) {
    if (rules.count(base::Family::V4) > 0) {
      sysctls["net.ipv4.ip_forward"] = "1";
      // What comes by a tunnel and goes on by it has no shorter way; the kernel takes either's 1.
      sysctls["net.ipv4.conf.all.send_redirects"] = "0";
      for (const auto& [name, tunnel] : plan_.device.interfaces) {
        sysctls["net.ipv4.conf." + name + ".send_redirects"] = "0";
      }
    }
    if (rules.count(base::Family::V6) > 0) {
      sysctls["net.ipv6.conf.all.forwarding"] = "1";
    }
  }
  for (const auto& [prefix, route] : plan_.device.routes) {
    if (route.hops.size() > 1) {
      // Layer 4: the flows between two hosts spread over the gateways.
      sysctls[prefix.family() == base::Family::V4 ? "net.ipv4.fib_multipath_hash_policy"
                                                  : "net.ipv6.fib_multipath_hash_policy"] = "1";
    }
  }
}

void Planner::problem(const model::NodeFact& node, const std::string& text) {
  plan_.problems.push_back("node " + node.name + ": " + text);
}

base::Result<Plan> make_plan(const model::View& view, const Self& self, const Health& health) {
  return Planner(view, health).run(self.id);
}

}  // namespace plan
