// What has to be true of a host before it can join. Blocking, changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "overlay/base/result.h"

namespace cli {

// One sentence about the first thing that is missing or in the way: no `wg`, neither a kernel nor a
// userspace WireGuard, the UDP port taken, an interface with a name of ours. Ok otherwise.
base::Status check_host(std::uint16_t listen_port);

// How WireGuard can be had here.
enum class WireguardKind { Kernel, Userspace, None };
WireguardKind find_wireguard();

// True if no other program has the UDP port, in either family.
bool is_udp_port_free(std::uint16_t port);

}  // namespace cli
