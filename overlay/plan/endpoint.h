// Which of a peer's addresses to send to.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/model/facts.h"

namespace plan {

// Leading bits that both share; 0 across families.
int common_bits(const base::Address& a, const base::Address& b);

// The peer's address that looks most like being on one of our networks: the most leading bits in
// common with an address of ours, IPv4 before IPv6, then the lowest. Facts carry addresses without
// their masks, so this is the best guess there is; a single-homed host has no choice anyway.
// `barred`: prefixes that may never carry a tunnel (the overlay itself).
std::optional<base::Address> choose_lan_address(const model::NodeFact& self,
                                                const model::NodeFact& peer,
                                                std::span<const base::Prefix> barred);

// The same within one family, for routes past WireGuard.
std::optional<base::Address> choose_native_hop(const model::NodeFact& self,
                                               const model::NodeFact& peer, base::Family family,
                                               std::span<const base::Prefix> barred);

// The peer's public endpoint in a family that this node has an address of, IPv4 first; else any.
std::optional<base::Endpoint> choose_public_endpoint(const model::NodeFact& self,
                                                     const model::NodeFact& peer,
                                                     std::span<const base::Prefix> barred);

}  // namespace plan
