// The ordered steps from one device state to another.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "overlay/base/device_state.h"
#include "overlay/base/result.h"

namespace plan {

// Fewer peers than this may always go: in a small site one server is a large part.
inline constexpr std::size_t kRemovalsAlwaysAllowed = 3;
inline constexpr std::size_t kRemovedPercentMax = 30;

// Steps that turn `actual` into `wanted` when applied in order.
//
// Additions come before removals, so that nothing that works stops working on the way: interfaces,
// sysctls, firewall, addresses, peers, routes (longest prefix first), rules; then in reverse what
// is no longer wanted. A prefix that moves from one peer to another is taken over by its new holder
// before the old one is touched. No step repeats what is there already. A peer with no wanted
// endpoint keeps the one that WireGuard learned, and so does one that is alive: behind a NAT the
// learned endpoint is the one that works, and setting ours again and again would break it.
//
// Requires, of both states: on one interface no prefix is allowed to two peers.
// O(n log n) in the size of the states.
std::vector<base::Change> diff(const base::DeviceState& wanted, const base::DeviceState& actual);

// Refuses a change that would drop more than kRemovedPercentMax of the peers at once. Those whose
// keys are `excused` do not count: the coordinator signed that they go, or they have new keys. A
// peer is a key, however many interfaces it is on.
// Errors: Conflict, with both counts.
base::Status check_removals(const base::DeviceState& wanted, const base::DeviceState& actual,
                            const std::set<base::TunnelKey>& excused);

}  // namespace plan
