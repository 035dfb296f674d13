#include <memory>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coordinator/server/server.h"

namespace coordinator {
namespace {

// The source address that the kernel would use to the outside: connecting a datagram socket sends
// nothing and asks the routing table. 192.0.2.1 (RFC 5737) stands for anywhere.
base::Address outward_address() {
  const base::Address loopback = base::Address::v4(127U << 24U | 1U);
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return loopback;
  }
  sockaddr_in remote{};
  remote.sin_family = AF_INET;
  remote.sin_port = htons(9);
  remote.sin_addr.s_addr = htonl(192U << 24U | 2U << 8U | 1U);
  sockaddr_in local{};
  socklen_t size = sizeof(local);
  const bool is_found =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&remote), sizeof(remote)) == 0 &&
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) == 0;
  ::close(fd);
  return is_found ? base::Address::v4(ntohl(local.sin_addr.s_addr)) : loopback;
}

}  // namespace

std::string default_url(const base::Endpoint& local) {
  base::Endpoint reached = local;
  if (local.address.is_unspecified()) {
    reached.address = outward_address();
  }
  return "https://" + reached.text();
}

}  // namespace coordinator
