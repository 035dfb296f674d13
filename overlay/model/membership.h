// Which facts a view holds (PROTOCOL.md, 5.2). Pure functions of the fact and the topology:
//
//   site, role member of S    the network, all sites, all replicas, nodes of S, gateways of S
//   site, role gateway of S   that, and all gateways of the network with their nodes
//   site, role spoke of S     the network, all sites, all replicas, gateways of S, and of the nodes
//                             of S only gateways and spokes
//   mesh                      everything; one view for all, with site 0 and role member
//
// So a member that joins S is written into the views of S and into no other site's.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "overlay/model/view.h"

namespace model {

// The view that a node follows.
ViewId view_of(NetworkId network, Topology topology, SiteId site, Role role);

// True if a view of the fact's own network holds it.
bool holds(const ViewId& view, Topology topology, const Fact& fact);

// All views of the network that hold the fact. `sites`: all sites of the network, ascending; the
// views come in the same order.
// O(1) for a member or spoke, O(sites) for everything else.
std::vector<ViewId> views_of(const Fact& fact, NetworkId network, Topology topology,
                             std::span<const SiteId> sites);

// What a view has to be told when a fact goes from `before` to `after` (either may be absent; both
// have one key): nothing, an upsert, or a removal because the view no longer holds it.
std::optional<FactChange> change_for(const ViewId& view, Topology topology,
                                     const std::optional<Fact>& before,
                                     const std::optional<Fact>& after);

}  // namespace model
