#include "overlay/model/membership.h"

namespace model {
namespace {

// What of a fact decides which views hold it.
struct Scope {
  bool is_everywhere = false;  // all views of the network
  SiteId site{};               // else this site's, and perhaps
  bool is_gateway = false;     // all gateways' views
  bool is_spoke = false;
};

struct ScopeOf {
  Scope operator()(const NetworkFact&) const { return {.is_everywhere = true}; }
  Scope operator()(const SiteFact&) const { return {.is_everywhere = true}; }
  Scope operator()(const ReplicaFact&) const { return {.is_everywhere = true}; }
  Scope operator()(const GatewayFact& fact) const {
    return {.site = fact.site, .is_gateway = true};
  }
  Scope operator()(const NodeFact& fact) const {
    return {.site = fact.site,
            .is_gateway = fact.role == Role::Gateway,
            .is_spoke = fact.role == Role::Spoke};
  }
};

Scope scope_of(const Fact& fact) {
  return std::visit(ScopeOf(), fact);
}

bool holds(const ViewId& view, const Scope& scope) {
  if (scope.is_everywhere) {
    return true;
  }
  switch (view.role) {
    case Role::Member:
      return scope.site == view.site;
    case Role::Gateway:
      return scope.site == view.site || scope.is_gateway;
    case Role::Spoke:
      return scope.site == view.site && (scope.is_gateway || scope.is_spoke);
  }
  return false;
}

}  // namespace

ViewId view_of(NetworkId network, Topology topology, SiteId site, Role role) {
  switch (topology) {
    case Topology::Site:
      return ViewId{network, site, role};
    case Topology::Mesh:
      break;
  }
  return ViewId{network, SiteId{}, Role::Member};
}

bool holds(const ViewId& view, Topology topology, const Fact& fact) {
  return topology == Topology::Mesh || holds(view, scope_of(fact));
}

std::vector<ViewId> views_of(const Fact& fact, NetworkId network, Topology topology,
                             std::span<const SiteId> sites) {
  if (topology == Topology::Mesh) {
    return {view_of(network, topology, SiteId{}, Role::Member)};
  }
  const Scope scope = scope_of(fact);
  std::vector<ViewId> views;
  const auto add_site = [&](SiteId site) {
    for (const Role role : {Role::Member, Role::Gateway, Role::Spoke}) {
      if (const ViewId view{network, site, role}; holds(view, scope)) {
        views.push_back(view);
      }
    }
  };
  if (scope.is_everywhere || scope.is_gateway) {
    for (const SiteId site : sites) {
      add_site(site);
    }
  } else {
    add_site(scope.site);
  }
  return views;
}

std::optional<FactChange> change_for(const ViewId& view, Topology topology,
                                     const std::optional<Fact>& before,
                                     const std::optional<Fact>& after) {
  const bool was_held = before.has_value() && holds(view, topology, *before);
  const bool is_held = after.has_value() && holds(view, topology, *after);
  if (is_held) {
    return was_held && *before == *after ? std::nullopt : std::optional(upsert(*after));
  }
  return was_held ? std::optional(removal(key_of(*before))) : std::nullopt;
}

}  // namespace model
