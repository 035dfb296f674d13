// Owners for libnl objects and the few helpers that link.cpp and route.cpp share. Private to this
// folder.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"

namespace device {

struct SocketFree {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
struct CacheFree {
  void operator()(nl_cache* cache) const { nl_cache_free(cache); }
};
struct MessageFree {
  void operator()(nl_msg* message) const { nlmsg_free(message); }
};
using Socket = std::unique_ptr<nl_sock, SocketFree>;
using Cache = std::unique_ptr<nl_cache, CacheFree>;
using Message = std::unique_ptr<nl_msg, MessageFree>;

// `code`: libnl's negative NLE_* value. NotFound, Conflict (exists), else Unavailable.
base::Error netlink_error(const std::string& what, int code);

// A connected rtnetlink socket in the thread's network namespace.
base::Result<Socket> open_netlink();

// Sends the request and waits for the kernel's answer. `what` begins the error text.
base::Status send_request(const std::string& what, Message message);

// Nothing for other families and for no address.
std::optional<base::Address> address_of(const nl_addr* address);
std::optional<base::Prefix> prefix_of(const nl_addr* address);
// AF_INET or AF_INET6.
std::uint8_t native_family(base::Family family);

bool put_address(nl_msg* message, int attribute, const base::Address& address);

}  // namespace device
