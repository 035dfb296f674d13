// From what a node knows to what its devices should be. Pure: the same view, self and health give
// the same plan on every machine.
//
// Ranks (README.md): between X and Y, X uses its interface ls<rank(Y)> and sends to Y's port
// base + rank(X); a node that is no gateway has rank 0.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "overlay/base/device_state.h"
#include "overlay/base/result.h"
#include "overlay/model/view.h"

namespace plan {

using base::Change;
using base::DeviceState;

inline constexpr std::size_t kMeshNodesMax = 500;

struct Self {
  model::NodeId id;
};

// What this node saw itself: gateways whose probe inside the tunnel is not answered. When every
// gateway towards a place is dead, all are tried, as if none were.
struct Health {
  std::set<model::NodeId> dead;
};

struct Plan {
  DeviceState device;
  // Facts that could not be used, and what follows: "node 7: second gateway of rank 0 in site 2,
  // ignored". For the log and the node's report. The rest of the plan holds.
  std::vector<std::string> problems;
};

// Errors: NotFound when the view has no network or does not hold this node; LimitExceeded for a
// mesh above kMeshNodesMax; Malformed when this node's fact has no address.
// O(facts * log facts).
base::Result<Plan> make_plan(const model::View& view, const Self& self, const Health& health);

}  // namespace plan
