#include "overlay/device/link.h"

#include <algorithm>
#include <utility>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>

#include "overlay/device/netlink.h"

namespace device {
namespace {

constexpr std::uint16_t kMtuMax = 65535;

base::Result<Cache> dump_links() {
  auto socket = open_netlink();
  if (!socket.ok()) {
    return socket.error();
  }
  nl_cache* cache = nullptr;
  if (const int code = rtnl_link_alloc_cache(socket.value().get(), AF_UNSPEC, &cache); code < 0) {
    return netlink_error("netlink: list links", code);
  }
  return Cache(cache);
}

// A request about one link of the host, by name.
base::Result<Message> link_request(const std::string& what, const std::string& name, int type) {
  const auto index = ::if_nametoindex(name.c_str());
  if (index == 0) {
    return base::Error(base::Errc::NotFound, what + ": no such link");
  }
  Message message(nlmsg_alloc_simple(type, NLM_F_REQUEST));
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = static_cast<int>(index);
  if (message == nullptr ||
      nlmsg_append(message.get(), &header, sizeof header, NLMSG_ALIGNTO) < 0) {
    return base::Error(base::Errc::Unavailable, what + ": no memory");
  }
  return message;
}

constexpr unsigned kPassingFlags =
    IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED;

base::Status change_address(const std::string& interface, const base::Address& address, int type) {
  const std::string what = interface + ": address " + address.text();
  const auto index = ::if_nametoindex(interface.c_str());
  if (index == 0) {
    return base::Error(base::Errc::NotFound, what + ": no such link");
  }
  const int flags = type == RTM_NEWADDR ? NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL : NLM_F_REQUEST;
  Message message(nlmsg_alloc_simple(type, flags));
  ifaddrmsg header{};
  header.ifa_family = native_family(address.family());
  header.ifa_prefixlen = address.bits();
  header.ifa_flags = address.is_v4() ? 0 : IFA_F_NODAD;  // nobody else can hold it
  header.ifa_scope = RT_SCOPE_UNIVERSE;
  header.ifa_index = index;
  if (message == nullptr ||
      nlmsg_append(message.get(), &header, sizeof header, NLMSG_ALIGNTO) < 0 ||
      !put_address(message.get(), IFA_LOCAL, address) ||
      !put_address(message.get(), IFA_ADDRESS, address)) {
    return base::Error(base::Errc::Unavailable, what + ": no memory");
  }
  return send_request(what, std::move(message));
}

}  // namespace

base::Result<std::vector<Link>> read_links() {
  auto cache = dump_links();
  if (!cache.ok()) {
    return cache.error();
  }
  std::vector<Link> links;
  for (auto* object = nl_cache_get_first(cache.value().get()); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* link = reinterpret_cast<rtnl_link*>(object);
    const char* kind = rtnl_link_get_type(link);
    links.push_back({
        .name = rtnl_link_get_name(link),
        .index = rtnl_link_get_ifindex(link),
        .master_index = rtnl_link_get_master(link),
        .mtu = static_cast<std::uint16_t>(
            std::min<unsigned>(rtnl_link_get_mtu(link), kMtuMax)),  // loopback has 65536
        .is_up = (rtnl_link_get_flags(link) & IFF_UP) != 0,
        .kind = kind == nullptr ? "" : kind,
    });
  }
  return links;
}

base::Result<std::vector<LinkAddress>> read_addresses() {
  auto socket = open_netlink();
  if (!socket.ok()) {
    return socket.error();
  }
  nl_cache* raw = nullptr;
  if (const int code = rtnl_addr_alloc_cache(socket.value().get(), &raw); code < 0) {
    return netlink_error("netlink: list addresses", code);
  }
  const Cache cache(raw);
  std::vector<LinkAddress> addresses;
  for (auto* object = nl_cache_get_first(cache.get()); object != nullptr;
       object = nl_cache_get_next(object)) {
    auto* entry = reinterpret_cast<rtnl_addr*>(object);
    if (const auto address = address_of(rtnl_addr_get_local(entry)); address.has_value()) {
      addresses.push_back({
          .link_index = rtnl_addr_get_ifindex(entry),
          .address = *address,
          .length = static_cast<std::uint8_t>(rtnl_addr_get_prefixlen(entry)),
          .is_passing = (rtnl_addr_get_flags(entry) & kPassingFlags) != 0,
      });
    }
  }
  return addresses;
}

bool is_our_tunnel(const Link& link) {
  return is_our_interface(link.name) && (link.kind == "wireguard" || link.kind == "tun");
}

bool is_our_interface(std::string_view name) {
  if (!name.starts_with(base::kInterfacePrefix)) {
    return false;
  }
  name.remove_prefix(base::kInterfacePrefix.size());
  return !name.empty() && name.size() <= 2 &&
         std::ranges::all_of(name, [](char digit) { return digit >= '0' && digit <= '9'; });
}

base::Status set_link(const std::string& name, const LinkSettings& settings) {
  const std::string what = "link " + name;
  auto request = link_request(what, name, RTM_NEWLINK);
  if (!request.ok()) {
    return request.error();
  }
  auto message = std::move(request).value();
  if (settings.is_brought_up) {
    auto* header = static_cast<ifinfomsg*>(nlmsg_data(nlmsg_hdr(message.get())));
    header->ifi_flags = IFF_UP;
    header->ifi_change = IFF_UP;
  }
  if (settings.mtu.has_value() && nla_put_u32(message.get(), IFLA_MTU, *settings.mtu) < 0) {
    return base::Error(base::Errc::Unavailable, what + ": no memory");
  }
  return send_request(what, std::move(message));
}

base::Status remove_link(const std::string& name) {
  const std::string what = "link " + name;
  auto request = link_request(what, name, RTM_DELLINK);
  if (!request.ok()) {
    return request.error().code() == base::Errc::NotFound ? base::Status() : request.error();
  }
  auto status = send_request(what, std::move(request).value());
  return !status.ok() && status.error().code() == base::Errc::NotFound ? base::Status() : status;
}

base::Status add_address(const std::string& interface, const base::Address& address) {
  auto status = change_address(interface, address, RTM_NEWADDR);
  return !status.ok() && status.error().code() == base::Errc::Conflict ? base::Status() : status;
}

base::Status remove_address(const std::string& interface, const base::Address& address) {
  auto status = change_address(interface, address, RTM_DELADDR);
  return !status.ok() && status.error().code() == base::Errc::NotFound ? base::Status() : status;
}

}  // namespace device
