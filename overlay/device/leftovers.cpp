#include "overlay/device/leftovers.h"

#include <utility>

#include "overlay/device/nft.h"
#include "overlay/device/route.h"
#include "overlay/device/wireguard.h"

namespace device {
namespace {

std::string name_of(base::Family family) {
  return "rule " + std::to_string(base::kRouteTable) +
         (family == base::Family::V4 ? " (IPv4)" : " (IPv6)");
}

}  // namespace

std::vector<std::string> Leftovers::names() const {
  std::vector<std::string> all = interfaces;
  for (const auto family : rules) {
    all.push_back(name_of(family));
  }
  if (!routes.empty()) {
    all.push_back(std::to_string(routes.size()) + (routes.size() == 1 ? " route" : " routes") +
                  " in table " + std::to_string(base::kRouteTable));
  }
  if (is_firewall_there) {
    all.push_back("nft table inet " + std::string(base::kFirewallTable));
  }
  return all;
}

void add_interfaces(const std::vector<Link>& links, Leftovers& found) {
  if (found.empty()) {
    return;
  }
  for (const Link& link : links) {
    if (is_our_tunnel(link)) {
      found.interfaces.push_back(link.name);
    }
  }
}

base::Result<Leftovers> find_leftovers() {
  const auto links = read_links();
  const auto routes = read_routes();
  auto rules = read_rules();
  const auto firewall = is_firewall_there();
  for (const auto* error :
       {links.ok() ? nullptr : &links.error(), routes.ok() ? nullptr : &routes.error(),
        rules.ok() ? nullptr : &rules.error()}) {
    if (error != nullptr) {
      return *error;
    }
  }
  Leftovers found;
  found.rules = std::move(rules).value();
  for (const auto& [prefix, route] : routes.value()) {
    found.routes.push_back(prefix);
  }
  found.is_firewall_there = firewall.ok() && firewall.value();  // else no table can be there
  add_interfaces(links.value(), found);
  return found;
}

base::Status remove_leftovers(const Leftovers& leftovers) {
  for (const auto& name : leftovers.interfaces) {
    if (auto status = remove_wireguard(name); !status.ok()) {
      return status.error().within(name);
    }
  }
  for (const auto& prefix : leftovers.routes) {
    if (auto status = remove_route(prefix); !status.ok()) {
      return status.error().within("route " + prefix.text());
    }
  }
  for (const auto family : leftovers.rules) {
    if (auto status = remove_rule(family); !status.ok()) {
      return status.error().within(name_of(family));
    }
  }
  return leftovers.is_firewall_there ? remove_firewall() : base::Status();
}

}  // namespace device
