#include "overlay/loop/icmp_echo.h"

#include <gtest/gtest.h>

namespace loop {
namespace {

using base::Family;

constexpr IcmpEcho kEcho{.identifier = 0x1234, .sequence = 0x0507};

// As a raw IPv4 socket gives it, with so many words of header.
std::vector<std::uint8_t> v4_reply(std::uint8_t words = 5) {
  std::vector<std::uint8_t> packet(std::size_t{words} * 4);
  packet[0] = static_cast<std::uint8_t>(0x40U | words);
  auto message = make_echo_request(Family::V4, kEcho);
  message[0] = 0;
  packet.insert(packet.end(), message.begin(), message.end());
  return packet;
}

std::vector<std::uint8_t> v6_reply() {
  auto message = make_echo_request(Family::V6, kEcho);
  message[0] = 129;
  return message;
}

TEST(IcmpEchoTest, RequestHasItsChecksum) {
  const auto bytes = make_echo_request(Family::V4, kEcho);

  EXPECT_EQ(bytes.size(), 56U);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8U | bytes[i + 1]);
  }
  EXPECT_EQ((sum & 0xffffU) + (sum >> 16U), 0xffffU);
}

TEST(IcmpEchoTest, RepliesOfBothFamiliesAreRead) {
  EXPECT_EQ(parse_echo_reply(Family::V4, v4_reply()), kEcho);
  EXPECT_EQ(parse_echo_reply(Family::V4, v4_reply(15)), kEcho);
  EXPECT_EQ(parse_echo_reply(Family::V6, v6_reply()), kEcho);
}

TEST(IcmpEchoTest, RequestsAndOtherTypesAreNoReplies) {
  auto v4 = v4_reply();
  v4[20] = 8;
  EXPECT_FALSE(parse_echo_reply(Family::V4, v4).has_value());
  EXPECT_FALSE(parse_echo_reply(Family::V6, make_echo_request(Family::V6, kEcho)).has_value());
}

TEST(IcmpEchoTest, CutPacketsAreNoReplies) {
  for (const auto& [family, whole] :
       {std::pair(Family::V4, v4_reply()), std::pair(Family::V6, v6_reply())}) {
    const std::size_t least = family == Family::V4 ? 28 : 8;
    for (std::size_t size = 0; size < least; ++size) {
      EXPECT_FALSE(parse_echo_reply(family, std::span(whole).first(size)).has_value()) << size;
    }
    EXPECT_TRUE(parse_echo_reply(family, std::span(whole).first(least)).has_value());
  }
}

TEST(IcmpEchoTest, HeaderShorterThanIpv4sLeastIsNone) {
  auto packet = v4_reply();
  packet[0] = 0x44;

  EXPECT_FALSE(parse_echo_reply(Family::V4, packet).has_value());
}

}  // namespace
}  // namespace loop
