#include "overlay/device/netlink.h"

#include <algorithm>
#include <array>
#include <span>

#include <netlink/errno.h>
#include <sys/socket.h>

namespace device {

base::Error netlink_error(const std::string& what, int code) {
  const int nle = code < 0 ? -code : code;
  auto errc = base::Errc::Unavailable;
  if (nle == NLE_OBJ_NOTFOUND || nle == NLE_NODEV || nle == NLE_NOADDR) {
    errc = base::Errc::NotFound;
  } else if (nle == NLE_EXIST) {
    errc = base::Errc::Conflict;
  }
  return base::Error(errc, what + ": " + nl_geterror(nle));
}

base::Result<Socket> open_netlink() {
  Socket socket(nl_socket_alloc());
  if (socket == nullptr) {
    return base::Error(base::Errc::Unavailable, "netlink: no memory for a socket");
  }
  if (const int code = nl_connect(socket.get(), NETLINK_ROUTE); code < 0) {
    return netlink_error("netlink: connect", code);
  }
  return socket;
}

base::Status send_request(const std::string& what, Message message) {
  auto socket = open_netlink();
  if (!socket.ok()) {
    return socket.error();
  }
  // Takes the message over, whatever happens.
  if (const int code = nl_send_sync(socket.value().get(), message.release()); code < 0) {
    return netlink_error(what, code);
  }
  return {};
}

std::optional<base::Address> address_of(const nl_addr* address) {
  if (address == nullptr) {
    return std::nullopt;
  }
  const std::span<const std::uint8_t> bytes(
      static_cast<const std::uint8_t*>(nl_addr_get_binary_addr(address)), nl_addr_get_len(address));
  // A prefix of length 0 comes without bytes.
  std::array<std::uint8_t, 16> padded{};
  std::ranges::copy(bytes.first(std::min(bytes.size(), padded.size())), padded.begin());
  switch (nl_addr_get_family(address)) {
    case AF_INET:
      return base::Address::v4((std::uint32_t{padded[0]} << 24) | (std::uint32_t{padded[1]} << 16) |
                               (std::uint32_t{padded[2]} << 8) | padded[3]);
    case AF_INET6:
      return base::Address::v6(padded);
    default:
      return std::nullopt;
  }
}

std::optional<base::Prefix> prefix_of(const nl_addr* address) {
  const auto first = address_of(address);
  if (!first.has_value()) {
    return std::nullopt;
  }
  const auto length = std::min<unsigned>(nl_addr_get_prefixlen(address), first->bits());
  return base::Prefix(*first, static_cast<std::uint8_t>(length));
}

std::uint8_t native_family(base::Family family) {
  return family == base::Family::V4 ? AF_INET : AF_INET6;
}

bool put_address(nl_msg* message, int attribute, const base::Address& address) {
  const auto bytes = address.bytes();
  return nla_put(message, attribute, static_cast<int>(bytes.size()), bytes.data()) == 0;
}

}  // namespace device
