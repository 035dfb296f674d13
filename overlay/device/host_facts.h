// What a node tells the coordinator about the networks it stands in: where peers of its site reach
// it, and which prefixes an overlay on it must not overlap.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/device/link.h"
#include "overlay/device/route.h"

namespace device {

inline constexpr std::size_t kLanAddressesMax = 16;
inline constexpr std::size_t kLocalPrefixesMax = 256;

struct HostFacts {
  // Candidates for WireGuard endpoints inside the site: addresses of links that are up, best first
  // (IPv4 before IPv6, those on the link of the default route first). Never of our own or another
  // overlay's, containers' or virtual machines' links, loopback, link-local, or soon to change.
  std::vector<base::Address> lan_addresses;
  // Every prefix that the host has an address in or a route to, the default route and link-local
  // ones left out: containers' included, because an overlay that overlaps them breaks them.
  std::vector<base::Prefix> local_prefixes;

  friend bool operator==(const HostFacts&, const HostFacts&) = default;
};

// What the kernel says, for choose_host_facts().
struct HostNetworks {
  std::vector<Link> links;
  std::vector<LinkAddress> addresses;
  std::vector<HostRoute> routes;          // main table without defaults
  std::vector<int> default_link_indexes;  // links of default routes, best metric first
};

// Pure. Lists beyond the limits above are cut.
HostFacts choose_host_facts(const HostNetworks& networks);

base::Result<HostFacts> read_host_facts();

// True for links that carry no LAN: containers, bridges of containers, other overlays, ours.
// docker0, br-<12 hex>, cni*, flannel*, cali*, veth*, virbr*, tun*, tap*, wg*, ... Pure.
bool is_virtual_link(const Link& link);

}  // namespace device
