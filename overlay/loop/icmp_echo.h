// ICMP echo of both families as bytes (RFC 792, RFC 4443). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "overlay/base/ip.h"

namespace loop {

struct IcmpEcho {
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;

  friend bool operator==(const IcmpEcho&, const IcmpEcho&) = default;
};

// The request for a raw socket, 56 bytes. The kernel writes ICMPv6's checksum.
std::vector<std::uint8_t> make_echo_request(base::Family family, const IcmpEcho& echo);

// What a raw socket received, if it is an echo reply: with its IPv4 header, without its IPv6 one,
// as the sockets of the two families give it. The kernel has looked at the checksums.
std::optional<IcmpEcho> parse_echo_reply(base::Family family, std::span<const std::uint8_t> bytes);

}  // namespace loop
