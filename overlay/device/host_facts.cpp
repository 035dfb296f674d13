#include "overlay/device/host_facts.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

namespace device {
namespace {

using Links = std::map<int, Link>;

// By kind: tunnels of any maker, and what containers and virtual machines are plugged into. `veth`
// is not among them: a server may itself be a container whose LAN is one.
constexpr std::array<std::string_view, 14> kVirtualKinds{
    "wireguard", "tun", "vxlan",  "ipip",  "gre", "gretap", "sit",
    "ip6tnl",    "vti", "geneve", "dummy", "ifb", "nlmon",  "xfrm"};

// By name: the bridges and taps of the container runtimes, CNI plugins, hypervisors and overlays
// that servers of this kind run.
constexpr std::array<std::string_view, 27> kVirtualNames{
    "docker", "cni",    "cbr",  "flannel", "cali",    "cilium",      "lxc",
    "lxd",    "weave",  "kube", "podman",  "nerdctl", "virbr",       "vnet",
    "veth",   "vmnet",  "tap",  "tun",     "wg",      "utun",        "tailscale",
    "zt",     "nebula", "wt",   "antrea",  "ovs",     "nodelocaldns"};

// Docker's user networks: br-<12 hex digits>.
bool is_docker_bridge(std::string_view name) {
  constexpr std::string_view kPrefix = "br-";
  constexpr std::size_t kDigits = 12;
  return name.starts_with(kPrefix) && name.size() == kPrefix.size() + kDigits &&
         name.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

bool has_virtual_kind(const Link& link) {
  return link.name == "lo" || is_our_interface(link.name) ||
         std::ranges::find(kVirtualKinds, link.kind) != kVirtualKinds.end();
}

bool is_default_link(const HostNetworks& networks, int index) {
  return std::ranges::find(networks.default_link_indexes, index) !=
         networks.default_link_indexes.end();
}

// A bridge whose ports all belong to containers, or that has none, is no way to a LAN.
bool is_container_bridge(const HostNetworks& networks, const Link& bridge) {
  return bridge.kind == "bridge" && !is_default_link(networks, bridge.index) &&
         std::ranges::all_of(networks.links, [&](const Link& port) {
           return port.master_index != bridge.index || port.kind == "veth" || is_virtual_link(port);
         });
}

bool is_lan_link(const HostNetworks& networks, const Link& link) {
  if (!link.is_up || has_virtual_kind(link)) {
    return false;
  }
  // What leads to the default gateway is a LAN whatever it is called (a hypervisor's bridge).
  return is_default_link(networks, link.index) ||
         (!is_virtual_link(link) && !is_container_bridge(networks, link));
}

}  // namespace

bool is_virtual_link(const Link& link) {
  return has_virtual_kind(link) || is_docker_bridge(link.name) ||
         std::ranges::any_of(kVirtualNames,
                             [&](auto prefix) { return link.name.starts_with(prefix); });
}

HostFacts choose_host_facts(const HostNetworks& networks) {
  Links links;
  for (const auto& link : networks.links) {
    links.emplace(link.index, link);
  }
  // Best first: IPv4, on a default route's link, in the order of the links.
  std::set<std::tuple<base::Family, bool, int, base::Address>> candidates;
  std::set<base::Prefix> prefixes;
  for (const auto& entry : networks.addresses) {
    const auto link = links.find(entry.link_index);
    if (link == links.end() || is_our_interface(link->second.name) || entry.address.is_loopback() ||
        entry.address.is_link_local()) {
      continue;
    }
    prefixes.insert(base::Prefix(entry.address, entry.length));
    if (is_lan_link(networks, link->second) && !entry.is_passing) {
      candidates.emplace(entry.address.family(), !is_default_link(networks, entry.link_index),
                         entry.link_index, entry.address);
    }
  }
  for (const auto& route : networks.routes) {
    const auto link = links.find(route.link_index);
    const auto& address = route.prefix.address();
    const bool is_multicast = address.bytes()[0] >= (address.is_v4() ? 224 : 255);
    if (route.prefix.length() > 0 && !address.is_link_local() && !address.is_loopback() &&
        !is_multicast && (link == links.end() || !is_our_interface(link->second.name))) {
      prefixes.insert(route.prefix);
    }
  }
  HostFacts facts;
  for (const auto& candidate : candidates) {
    if (facts.lan_addresses.size() < kLanAddressesMax) {
      facts.lan_addresses.push_back(std::get<base::Address>(candidate));
    }
  }
  for (const auto& prefix : prefixes) {
    if (facts.local_prefixes.size() < kLocalPrefixesMax) {
      facts.local_prefixes.push_back(prefix);
    }
  }
  return facts;
}

base::Result<HostFacts> read_host_facts() {
  auto links = read_links();
  auto addresses = read_addresses();
  auto routes = read_main_routes();
  auto defaults = read_default_links();
  for (const auto* error :
       {links.ok() ? nullptr : &links.error(), addresses.ok() ? nullptr : &addresses.error(),
        routes.ok() ? nullptr : &routes.error(), defaults.ok() ? nullptr : &defaults.error()}) {
    if (error != nullptr) {
      return *error;
    }
  }
  return choose_host_facts({.links = std::move(links).value(),
                            .addresses = std::move(addresses).value(),
                            .routes = std::move(routes).value(),
                            .default_link_indexes = std::move(defaults).value()});
}

}  // namespace device
