#include "overlay/cli/host_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "overlay/agent/programs.h"
#include "overlay/device/link.h"
#include "overlay/loop/files.h"

namespace cli {
namespace {

bool is_module_there() {
  if (loop::path_exists("/sys/module/wireguard")) {
    return true;
  }
  utsname names{};
  if (::uname(&names) != 0) {
    return false;
  }
  const std::string directory = std::string("/lib/modules/") + std::begin(names.release);
  for (const char* const suffix : {"", ".xz", ".zst", ".gz"}) {
    if (loop::path_exists(directory + "/kernel/drivers/net/wireguard/wireguard.ko" + suffix)) {
      return true;
    }
  }
  return false;
}

bool can_bind(int family, std::uint16_t port) {
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return true;  // the host does not speak this family
  }
  int code = 0;
  if (family == AF_INET) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    code = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } else {
    const int only = 1;
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    code = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  ::close(fd);
  return code == 0;
}

base::Error refusal(std::string text) {
  return base::Error(base::Errc::Conflict, std::move(text));
}

}  // namespace

WireguardKind find_wireguard() {
  if (is_module_there()) {
    return WireguardKind::Kernel;
  }
  const bool is_userspace =
      agent::find_program("wireguard-go") && loop::path_exists("/dev/net/tun");
  return is_userspace ? WireguardKind::Userspace : WireguardKind::None;
}

bool is_udp_port_free(std::uint16_t port) {
  return can_bind(AF_INET, port) && can_bind(AF_INET6, port);
}

base::Status check_host(std::uint16_t listen_port) {
  if (!agent::find_program("wg")) {
    return refusal("the program wg is missing; install the package wireguard-tools");
  }
  if (find_wireguard() == WireguardKind::None) {
    return refusal(
        "this kernel has no WireGuard; install the package wireguard-go, and make sure that "
        "/dev/net/tun is there");
  }
  const auto links = device::read_links();
  if (!links.ok()) {
    return links.error();
  }
  for (const auto& link : links.value()) {
    if (device::is_our_interface(link.name)) {
      return refusal(
          "there is an interface " + link.name +
          " already, a name that Linkspan uses; run 'linkspan leave' if it is left over, "
          "or rename it");
    }
  }
  if (!is_udp_port_free(listen_port)) {
    return refusal("UDP port " + std::to_string(listen_port) +
                   " is taken by another program; choose another with --listen-port");
  }
  return {};
}

}  // namespace cli
