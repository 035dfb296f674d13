#include "overlay/loop/icmp_echo.h"

#include <array>
#include <cstddef>
#include <utility>

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "overlay/base/bytes.h"

namespace loop {
namespace {

constexpr std::size_t kHeaderBytes = 8;    // type, code, checksum, identifier, sequence
constexpr std::size_t kPayloadBytes = 48;  // with the header the usual 56 of ping's kin
constexpr std::size_t kIpv4HeaderBytesMin = 20;

// RFC 1071. Summed over 16-bit big-endian words.
std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8U | bytes[i + 1]);
  }
  while ((sum >> 16U) != 0) {
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(~sum & 0xffffU);
}

}  // namespace

std::vector<std::uint8_t> make_echo_request(base::Family family, const IcmpEcho& echo) {
  const bool is_v4 = family == base::Family::V4;
  base::ByteWriter writer;
  writer.u8(is_v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
  writer.u8(0);
  writer.u16(0);  // checksum
  writer.u16(echo.identifier);
  writer.u16(echo.sequence);
  writer.raw(std::array<std::uint8_t, kPayloadBytes>{});
  auto bytes = std::move(writer).bytes();
  if (is_v4) {
    const std::uint16_t checksum = internet_checksum(bytes);
    bytes[2] = static_cast<std::uint8_t>(checksum >> 8U);
    bytes[3] = static_cast<std::uint8_t>(checksum & 0xffU);
  }
  return bytes;
}

std::optional<IcmpEcho> parse_echo_reply(base::Family family, std::span<const std::uint8_t> bytes) {
  const bool is_v4 = family == base::Family::V4;
  if (is_v4) {
    const std::size_t header_bytes = bytes.empty() ? 0 : std::size_t{bytes[0] & 0x0fU} * 4;
    if (header_bytes < kIpv4HeaderBytesMin || bytes.size() < header_bytes) {
      return std::nullopt;
    }
    bytes = bytes.subspan(header_bytes);
  }
  const std::uint8_t wanted = is_v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
  if (bytes.size() < kHeaderBytes || bytes[0] != wanted) {
    return std::nullopt;
  }
  const auto u16 = [&](std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
  };
  return IcmpEcho{.identifier = u16(4), .sequence = u16(6)};
}

}  // namespace loop
