#pragma once

#include <vector>

#include "overlay/agent/first_ping.h"
#include "overlay/model/view.h"

namespace agent {

// Whom a node pings to know that it is up, best first: a member its own site's gateways (they are
// the way to everybody else), a gateway other sites' gateways, then whoever else the view holds.
// Never itself; at most FirstPing::kTargetsMax. Empty when the node is alone, or not in the view.
std::vector<FirstPing::Target> choose_ping_targets(const model::View& view, model::NodeId self);

}  // namespace agent
