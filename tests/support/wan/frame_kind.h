#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace wan {

// What a frame on the WAN carries, so that a test can say what crossed between two sites.
enum class FrameKind : std::uint8_t { Wireguard, Udp, Tcp, Icmp, Arp, Neighbour, Other };
inline constexpr std::size_t kFrameKinds = 7;

std::string_view name_of(FrameKind kind);

struct FrameSummary {
  FrameKind kind = FrameKind::Other;
  std::uint16_t source_port = 0;  // UDP and TCP only
  std::uint16_t destination_port = 0;
};

// Reads Ethernet, IPv4 or IPv6, and the ports. Wireguard is a UDP datagram with one of its four
// message types, its three zero bytes and a length that the type may have (the WireGuard paper,
// section 5.4). Neighbour is ICMPv6 neighbour discovery and MLD, which every link has. Total:
// anything cut short or unknown is Other.
FrameSummary summarize(std::span<const std::uint8_t> frame);

}  // namespace wan
