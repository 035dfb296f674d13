#include "overlay/device/route.h"

#include <algorithm>
#include <string>
#include <utility>

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/route/route.h>
#include <netlink/route/rule.h>

#include "overlay/device/link.h"
#include "overlay/device/netlink.h"

namespace device {
namespace {

base::Error no_memory(const std::string& what) {
  return base::Error(base::Errc::Unavailable, what + ": no memory");
}

base::Result<Cache> dump_routes() {
  auto socket = open_netlink();
  if (!socket.ok()) {
    return socket.error();
  }
  nl_cache* cache = nullptr;
  if (const int code = rtnl_route_alloc_cache(socket.value().get(), AF_UNSPEC, 0, &cache);
      code < 0) {
    return netlink_error("netlink: list routes", code);
  }
  return Cache(cache);
}

template <typename Visit>
base::Status for_each_route(std::uint32_t table, Visit visit) {
  auto cache = dump_routes();
  if (!cache.ok()) {
    return cache.error();
  }
  for (auto* object = nl_cache_get_first(cache.value().get()); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* route = reinterpret_cast<rtnl_route*>(object);
    const auto prefix = prefix_of(rtnl_route_get_dst(route));
    if (rtnl_route_get_table(route) == table && prefix.has_value()) {
      visit(*prefix, route);
    }
  }
  return {};
}

std::uint8_t type_of(base::RouteKind kind) {
  switch (kind) {
    case base::RouteKind::Unicast:
      return RTN_UNICAST;
    case base::RouteKind::Unreachable:
      return RTN_UNREACHABLE;
    case base::RouteKind::Throw:
      return RTN_THROW;
  }
  return RTN_UNSPEC;
}

std::optional<base::RouteKind> kind_of(std::uint8_t type) {
  switch (type) {
    case RTN_UNICAST:
      return base::RouteKind::Unicast;
    case RTN_UNREACHABLE:
      return base::RouteKind::Unreachable;
    case RTN_THROW:
      return base::RouteKind::Throw;
    default:
      return std::nullopt;
  }
}

// IPv6 takes a device without a gateway for one hop but not for several ("device only routes can
// not be added for IPv6 using the multipath API"). A tunnel looks at the destination alone, so any
// link-local gateway will do there.
base::Address any_gateway() {
  return base::Address::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

base::NextHop hop_of(rtnl_nexthop* hop) {
  char name[IF_NAMESIZE] = {};
  ::if_indextoname(static_cast<unsigned>(rtnl_route_nh_get_ifindex(hop)), name);
  base::NextHop result{.interface = name, .via = address_of(rtnl_route_nh_get_gateway(hop))};
  if (is_our_interface(result.interface)) {
    result.via.reset();
  } else if (result.via.has_value()) {
    result.interface.clear();  // the kernel's own finding, not something that was asked for
  }
  return result;
}

// Index 0 when the kernel shall find the interface.
base::Result<unsigned> index_of(const std::string& what, const base::NextHop& hop) {
  if (hop.interface.empty()) {
    return 0U;
  }
  const auto index = ::if_nametoindex(hop.interface.c_str());
  if (index == 0) {
    return base::Error(base::Errc::NotFound, what + ": no such link as " + hop.interface);
  }
  return index;
}

base::Status put_single_hop(const std::string& what, nl_msg* message, const base::NextHop& hop) {
  auto index = index_of(what, hop);
  if (!index.ok()) {
    return index.error();
  }
  const bool is_put = (index.value() == 0 || nla_put_u32(message, RTA_OIF, index.value()) == 0) &&
                      (!hop.via.has_value() || put_address(message, RTA_GATEWAY, *hop.via));
  return is_put ? base::Status() : no_memory(what);
}

base::Status put_hops(const std::string& what, nl_msg* message, base::Family family,
                      const std::set<base::NextHop>& hops) {
  if (hops.size() == 1) {
    return put_single_hop(what, message, *hops.begin());
  }
  auto* nest = nla_nest_start(message, RTA_MULTIPATH);
  if (nest == nullptr) {
    return no_memory(what);
  }
  for (const auto& hop : hops) {
    auto index = index_of(what, hop);
    if (!index.ok()) {
      return index.error();
    }
    auto* header =
        static_cast<rtnexthop*>(nlmsg_reserve(message, sizeof(rtnexthop), NLMSG_ALIGNTO));
    if (header == nullptr) {
      return no_memory(what);
    }
    *header = {};
    header->rtnh_ifindex = static_cast<int>(index.value());
    const auto via = family == base::Family::V6 && !hop.via.has_value() ? any_gateway() : hop.via;
    if (via.has_value() && !put_address(message, RTA_GATEWAY, *via)) {
      return no_memory(what);
    }
    const auto* end = static_cast<const char*>(nlmsg_tail(nlmsg_hdr(message)));
    header->rtnh_len = static_cast<unsigned short>(end - reinterpret_cast<const char*>(header));
  }
  nla_nest_end(message, nest);
  return {};
}

// What adding and removing have in common.
Message route_message(int type, int flags, const base::Prefix& prefix, const rtmsg& settings) {
  Message message(nlmsg_alloc_simple(type, flags));
  auto header = settings;
  header.rtm_family = native_family(prefix.family());
  header.rtm_dst_len = prefix.length();
  header.rtm_table = RT_TABLE_UNSPEC;  // above 255: in RTA_TABLE
  if (message == nullptr ||
      nlmsg_append(message.get(), &header, sizeof header, NLMSG_ALIGNTO) < 0 ||
      nla_put_u32(message.get(), RTA_TABLE, base::kRouteTable) < 0 ||
      !put_address(message.get(), RTA_DST, prefix.address())) {
    return nullptr;
  }
  return message;
}

base::Status change_rule(base::Family family, int type, int flags) {
  const std::string what = std::string("rule for ") +
                           (family == base::Family::V4 ? "ipv4" : "ipv6") + " to table " +
                           std::to_string(base::kRouteTable);
  Message message(nlmsg_alloc_simple(type, NLM_F_REQUEST | flags));
  fib_rule_hdr header{};
  header.family = native_family(family);
  header.action = FR_ACT_TO_TBL;
  if (message == nullptr ||
      nlmsg_append(message.get(), &header, sizeof header, NLMSG_ALIGNTO) < 0 ||
      nla_put_u32(message.get(), FRA_TABLE, base::kRouteTable) < 0 ||
      nla_put_u32(message.get(), FRA_PRIORITY, base::kRulePriority) < 0) {
    return no_memory(what);
  }
  return send_request(what, std::move(message));
}

}  // namespace

base::Result<std::map<base::Prefix, base::Route>> read_routes() {
  std::map<base::Prefix, base::Route> routes;
  auto status = for_each_route(base::kRouteTable, [&](const auto& prefix, rtnl_route* entry) {
    const auto kind = kind_of(rtnl_route_get_type(entry));
    if (!kind.has_value()) {
      return;
    }
    auto& route = routes[prefix];
    route.kind = *kind;
    route.source = address_of(rtnl_route_get_pref_src(entry));
    // IPv6 `unreachable` names the loopback as its device.
    for (int i = 0; *kind == base::RouteKind::Unicast && i < rtnl_route_get_nnexthops(entry); ++i) {
      route.hops.insert(hop_of(rtnl_route_nexthop_n(entry, i)));
    }
  });
  if (!status.ok()) {
    return status.error();
  }
  return routes;
}

base::Status set_route(const base::Prefix& prefix, const base::Route& route) {
  const std::string what = "route " + prefix.text();
  const bool is_unicast = route.kind == base::RouteKind::Unicast;
  rtmsg header{};
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_type = type_of(route.kind);
  const bool has_via =
      std::ranges::any_of(route.hops, [](const auto& hop) { return hop.via.has_value(); });
  header.rtm_scope = is_unicast && !has_via ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  auto message =
      route_message(RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE, prefix, header);
  if (message == nullptr ||
      (route.source.has_value() && !put_address(message.get(), RTA_PREFSRC, *route.source))) {
    return no_memory(what);
  }
  if (is_unicast) {
    if (auto status = put_hops(what, message.get(), prefix.family(), route.hops); !status.ok()) {
      return status;
    }
  }
  return send_request(what, std::move(message));
}

base::Status remove_route(const base::Prefix& prefix) {
  rtmsg header{};  // no type, no protocol: whatever is there
  header.rtm_scope = RT_SCOPE_NOWHERE;
  auto message = route_message(RTM_DELROUTE, NLM_F_REQUEST, prefix, header);
  const std::string what = "route " + prefix.text();
  if (message == nullptr) {
    return no_memory(what);
  }
  auto status = send_request(what, std::move(message));
  return !status.ok() && status.error().code() == base::Errc::NotFound ? base::Status() : status;
}

base::Result<std::vector<HostRoute>> read_main_routes() {
  std::vector<HostRoute> routes;
  auto status = for_each_route(RT_TABLE_MAIN, [&](const auto& prefix, rtnl_route* entry) {
    auto* hop = rtnl_route_nexthop_n(entry, 0);
    if (prefix.length() > 0) {
      routes.push_back({prefix, hop == nullptr ? 0 : rtnl_route_nh_get_ifindex(hop)});
    }
  });
  if (!status.ok()) {
    return status.error();
  }
  return routes;
}

base::Result<std::vector<int>> read_default_links() {
  std::vector<std::pair<std::uint32_t, int>> found;
  auto status = for_each_route(RT_TABLE_MAIN, [&](const auto& prefix, rtnl_route* entry) {
    if (auto* hop = rtnl_route_nexthop_n(entry, 0); prefix.length() == 0 && hop != nullptr) {
      found.emplace_back(rtnl_route_get_priority(entry), rtnl_route_nh_get_ifindex(hop));
    }
  });
  if (!status.ok()) {
    return status.error();
  }
  std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<int> indexes;
  indexes.reserve(found.size());
  for (const auto& [metric, index] : found) {
    indexes.push_back(index);
  }
  return indexes;
}

base::Result<std::set<base::Family>> read_rules() {
  auto socket = open_netlink();
  if (!socket.ok()) {
    return socket.error();
  }
  nl_cache* raw = nullptr;
  if (const int code = rtnl_rule_alloc_cache(socket.value().get(), AF_UNSPEC, &raw); code < 0) {
    return netlink_error("netlink: list rules", code);
  }
  const Cache cache(raw);
  std::set<base::Family> families;
  for (auto* object = nl_cache_get_first(cache.get()); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* rule = reinterpret_cast<rtnl_rule*>(object);
    if (rtnl_rule_get_prio(rule) == base::kRulePriority &&
        rtnl_rule_get_table(rule) == base::kRouteTable) {
      families.insert(rtnl_rule_get_family(rule) == AF_INET ? base::Family::V4 : base::Family::V6);
    }
  }
  return families;
}

base::Status add_rule(base::Family family) {
  auto status = change_rule(family, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
  return !status.ok() && status.error().code() == base::Errc::Conflict ? base::Status() : status;
}

base::Status remove_rule(base::Family family) {
  auto status = change_rule(family, RTM_DELRULE, 0);
  return !status.ok() && status.error().code() == base::Errc::NotFound ? base::Status() : status;
}

}  // namespace device
