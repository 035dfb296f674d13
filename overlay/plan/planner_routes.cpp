// The route table of a plan. What is in it: one route per prefix of another site, the own site's
// aggregate, exceptions where a single node is elsewhere than its aggregate says, the host's own
// pods handed to the main table, and `unreachable` for all that is left of the overlay.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "overlay/plan/endpoint.h"
#include "overlay/plan/planner.h"

namespace plan {
namespace {

base::NextHop hop_over(std::uint8_t rank) {
  return {std::string(base::kInterfacePrefix) + std::to_string(rank), std::nullopt};
}

std::vector<base::Prefix> prefixes_of(const model::SiteFact& site) {
  auto prefixes = site.prefixes;
  prefixes.insert(prefixes.end(), site.pod_prefixes.begin(), site.pod_prefixes.end());
  return prefixes;
}

std::vector<base::Prefix> prefixes_of(const model::NodeFact& node) {
  auto prefixes = node.pods;
  for (const auto& address : node.addresses) {
    prefixes.push_back(base::Prefix::host(address));
  }
  return prefixes;
}

// The longest prefix of `routes` that holds `prefix` and is not itself.
const base::Route* covering(const std::map<base::Prefix, base::Route>& routes,
                            const base::Prefix& prefix) {
  for (int length = prefix.length() - 1; length >= 0; --length) {
    const base::Prefix wider(prefix.address(), static_cast<std::uint8_t>(length));
    if (const auto found = routes.find(wider); found != routes.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

}  // namespace

void Planner::plan_routes() {
  if (is_mesh_) {
    // Allowed addresses tell the nodes apart; what no node holds ends at the interface.
    for (const auto& prefix : overlay_) {
      set_route(prefix, {hop_over(0)});
    }
  } else {
    plan_site_routes();
    plan_native_routes();
    plan_host_routes();
  }
  plan_fallback_routes();
  for (const auto& [prefix, route] : plan_.device.routes) {
    plan_.device.rules.insert(prefix.family());
  }
}

void Planner::plan_site_routes() {
  const auto ours = hops_over(gateways_[self_->site]);
  for (const auto* site : view_.sites()) {
    std::set<base::NextHop> hops;
    if (site->id != self_->site) {
      hops = is_gateway(*self_) ? hops_over(gateways_[site->id]) : ours;
    } else if (is_spoke(*self_)) {
      hops = ours;
    } else if (!site->is_lan_native || is_gateway(*self_)) {
      hops = {hop_over(0)};
    }
    for (const auto& prefix : prefixes_of(*site)) {
      if (!hops.empty()) {
        set_route(prefix, hops);
      }
    }
  }
}

void Planner::plan_native_routes() {
  std::map<base::Family, std::size_t> without_hop;
  for (const auto* node : view_.nodes()) {
    if (node->id == self_->id || !is_native(*node)) {
      continue;
    }
    for (const auto& prefix : prefixes_of(*node)) {
      const auto via = choose_native_hop(*self_, *node, prefix.family(), overlay_);
      if (via.has_value()) {
        set_route(prefix, {base::NextHop{"", via}});
      } else {
        ++without_hop[prefix.family()];
      }
    }
  }
  for (const auto& [family, count] : without_hop) {
    plan_.problems.push_back("site " + site_->name + ": lan: native, but " + std::to_string(count) +
                             (family == base::Family::V4 ? " IPv4" : " IPv6") +
                             " prefixes belong to nodes without a LAN address of that family, "
                             "unreachable");
  }
}

void Planner::plan_host_routes() {
  for (const auto* node : view_.nodes()) {
    if (node->id == self_->id) {
      continue;
    }
    for (const auto& prefix : prefixes_of(*node)) {
      if (is_gateway(*node) && is_peer(*node)) {
        // An answer to a gateway has to take its own rank: its siblings' source filters refuse it.
        set_exception(prefix, {hop_over(rank_of(*node))});
      } else if (is_own_site(*node) && is_spoke(*node) && !is_gateway(*self_)) {
        set_exception(prefix, hops_over(gateways_[self_->site]));
      }
    }
  }
}

void Planner::plan_fallback_routes() {
  for (const auto& prefix : self_->pods) {
    plan_.device.routes[prefix] = {.kind = base::RouteKind::Throw, .hops = {}, .source = {}};
  }
  for (const auto& prefix : overlay_) {
    plan_.device.routes.try_emplace(
        prefix, base::Route{.kind = base::RouteKind::Unreachable, .hops = {}, .source = {}});
  }
}

std::set<base::NextHop> Planner::hops_over(const std::vector<Gateway>& gateways) const {
  std::set<base::NextHop> alive;
  std::set<base::NextHop> all;
  for (const auto& gateway : gateways) {
    if (gateway.node->id == self_->id) {
      continue;
    }
    all.insert(hop_over(gateway.rank));
    if (health_.dead.count(gateway.node->id) == 0) {
      alive.insert(hop_over(gateway.rank));
    }
  }
  return alive.empty() ? all : alive;
}

void Planner::set_route(const base::Prefix& prefix, std::set<base::NextHop> hops) {
  base::Route route{.kind = base::RouteKind::Unicast, .hops = std::move(hops), .source = {}};
  const auto source = std::ranges::find_if(
      self_->addresses, [&](const auto& address) { return address.family() == prefix.family(); });
  if (source != self_->addresses.end()) {
    route.source = *source;
  }
  plan_.device.routes[prefix] = std::move(route);
}

void Planner::set_exception(const base::Prefix& prefix, const std::set<base::NextHop>& hops) {
  const auto* cover = covering(plan_.device.routes, prefix);
  if (!hops.empty() && (cover == nullptr || cover->hops != hops)) {
    set_route(prefix, hops);
  }
}

}  // namespace plan
