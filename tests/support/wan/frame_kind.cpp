#include "tests/support/wan/frame_kind.h"

namespace wan {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::size_t kEthernetBytes = 14;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmp6 = 58;

std::uint16_t u16_at(Bytes bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(bytes[offset] << 8 | bytes[offset + 1]);
}

bool is_wireguard(Bytes payload) {
  if (payload.size() < 32 || payload[1] != 0 || payload[2] != 0 || payload[3] != 0) {
    return false;
  }
  switch (payload[0]) {
    case 1:
      return payload.size() == 148;
    case 2:
      return payload.size() == 92;
    case 3:
      return payload.size() == 64;
    case 4:  // header 16, padded plain text, tag 16; padding stops at the MTU, so any length may be
      return true;
    default:
      return false;
  }
}

FrameSummary summarize_transport(std::uint8_t protocol, Bytes bytes) {
  if (protocol == kIcmp) {
    return {.kind = FrameKind::Icmp};
  }
  if (protocol == kIcmp6) {
    // 130..143 without 138..140: MLD and neighbour discovery (RFC 4861, RFC 3810).
    const bool is_neighbour = !bytes.empty() && bytes[0] >= 130 && bytes[0] <= 143;
    return {.kind = is_neighbour ? FrameKind::Neighbour : FrameKind::Icmp};
  }
  if ((protocol != kTcp && protocol != kUdp) || bytes.size() < 8) {
    return {};
  }
  FrameSummary summary{.kind = protocol == kTcp ? FrameKind::Tcp : FrameKind::Udp,
                       .source_port = u16_at(bytes, 0),
                       .destination_port = u16_at(bytes, 2)};
  if (protocol == kUdp) {
    const std::size_t length = u16_at(bytes, 4);
    if (length >= 8 && length <= bytes.size() && is_wireguard(bytes.subspan(8, length - 8))) {
      summary.kind = FrameKind::Wireguard;
    }
  }
  return summary;
}

}  // namespace

std::string_view name_of(FrameKind kind) {
  switch (kind) {
    case FrameKind::Wireguard:
      return "wireguard";
    case FrameKind::Udp:
      return "udp";
    case FrameKind::Tcp:
      return "tcp";
    case FrameKind::Icmp:
      return "icmp";
    case FrameKind::Arp:
      return "arp";
    case FrameKind::Neighbour:
      return "neighbour";
    case FrameKind::Other:
      return "other";
  }
  return "other";
}

FrameSummary summarize(Bytes frame) {
  if (frame.size() < kEthernetBytes) {
    return {};
  }
  const std::uint16_t type = u16_at(frame, 12);
  const Bytes packet = frame.subspan(kEthernetBytes);
  if (type == 0x0806) {
    return {.kind = FrameKind::Arp};
  }
  if (type == 0x0800 && packet.size() >= 20) {
    const std::size_t header_bytes = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
    const bool is_later_fragment = (u16_at(packet, 6) & 0x1fff) != 0;
    if (header_bytes < 20 || header_bytes > packet.size() || is_later_fragment) {
      return {};
    }
    return summarize_transport(packet[9], packet.subspan(header_bytes));
  }
  if (type == 0x86dd && packet.size() >= 40) {
    // Hop-by-hop options (0) stand before MLD; one step is enough for what a Linux host sends.
    if (packet[6] == 0 && packet.size() >= 48 && packet[40] == kIcmp6) {
      return summarize_transport(kIcmp6, packet.subspan(48));
    }
    return summarize_transport(packet[6], packet.subspan(40));
  }
  return {};
}

}  // namespace wan
