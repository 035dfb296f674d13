#include <limits>

#include <gtest/gtest.h>

#include "overlay/base/ip.h"

namespace base {
namespace {

Address address(std::string_view text) {
  return Address::parse(text).value();
}
Prefix prefix(std::string_view text) {
  return Prefix::parse(text).value();
}

struct BadText {
  std::string name;
  std::string text;
  std::string error;
};

class RefusesPrefix : public ::testing::TestWithParam<BadText> {};

TEST_P(RefusesPrefix, SayingWhatWasExpected) {
  const auto result = Prefix::parse(GetParam().text);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::Malformed);
  EXPECT_EQ(result.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    PrefixTest, RefusesPrefix,
    ::testing::Values(
        BadText{"NoSlash", "10.0.0.0", "\"10.0.0.0\", expected a prefix like 10.0.0.0/8"},
        BadText{"NoAddress", "/8", "\"\", expected an IPv4 or IPv6 address"},
        BadText{"NoLength", "10.0.0.0/", "prefix length: \"\", expected a number in 0..32"},
        BadText{"LengthOver32", "10.0.0.0/33", "prefix length: \"33\", expected a number in 0..32"},
        BadText{"LengthOver128", "fd00::/129",
                "prefix length: \"129\", expected a number in 0..128"},
        BadText{"LengthSigned", "10.0.0.0/+8", "prefix length: \"+8\", expected a number in 0..32"},
        BadText{"LengthZeroFilled", "10.0.0.0/08",
                "prefix length: \"08\", expected a number in 0..32"},
        BadText{"LengthHuge", "10.0.0.0/99999999999",
                "prefix length: \"99999999999\", expected a number in 0..32"},
        BadText{"HostBits", "10.0.0.1/8", "\"10.0.0.1/8\" has host bits set, expected 10.0.0.0/8"},
        BadText{"HostBits6", "fd00::1/64", "\"fd00::1/64\" has host bits set, expected fd00::/64"}),
    [](const auto& test) { return test.param.name; });

TEST(PrefixTest, TextComesBack) {
  for (const std::string text : {"0.0.0.0/0", "10.192.0.0/12", "10.0.0.1/32", "::/0", "fd00::/48",
                                 "2001:db8::1/128", "10.0.0.128/25"}) {
    EXPECT_EQ(prefix(text).text(), text);
  }
}

TEST(PrefixTest, ClearsHostBitsAtEveryLength) {
  const Address ones = address("255.255.255.255");
  const Address ones6 = address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  for (std::uint8_t length = 0; length <= 32; ++length) {
    const Prefix cut(ones, length);
    EXPECT_EQ(Prefix::parse(cut.text()).value(), cut);
    EXPECT_TRUE(cut.contains(ones));
  }
  for (std::uint8_t length = 0; length <= 128; ++length) {
    const Prefix cut(ones6, length);
    EXPECT_EQ(Prefix::parse(cut.text()).value(), cut);
    EXPECT_TRUE(cut.contains(ones6));
  }
  EXPECT_EQ(Prefix(ones, 12).text(), "255.240.0.0/12");
}

TEST(PrefixTest, ContainsItsAddressesAndNoOthers) {
  const Prefix site = prefix("10.192.16.0/20");

  EXPECT_TRUE(site.contains(address("10.192.16.0")));
  EXPECT_TRUE(site.contains(address("10.192.31.255")));
  EXPECT_FALSE(site.contains(address("10.192.15.255")));
  EXPECT_FALSE(site.contains(address("10.192.32.0")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::")));
  EXPECT_FALSE(prefix("::/0").contains(address("10.0.0.1")));
}

TEST(PrefixTest, ContainsAndOverlapsPrefixes) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.1.0.0/16")));
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(prefix("10.0.0.0/8")));
  EXPECT_FALSE(prefix("10.1.0.0/16").contains(prefix("10.0.0.0/8")));
  EXPECT_TRUE(prefix("10.1.0.0/16").overlaps(prefix("10.0.0.0/8")));
  EXPECT_FALSE(prefix("10.1.0.0/16").overlaps(prefix("10.2.0.0/16")));
  EXPECT_FALSE(prefix("0.0.0.0/0").overlaps(prefix("::/0")));
}

TEST(PrefixTest, SizeSaturates) {
  EXPECT_EQ(prefix("10.0.0.1/32").size(), 1U);
  EXPECT_EQ(prefix("10.0.0.0/20").size(), 4096U);
  EXPECT_EQ(prefix("0.0.0.0/0").size(), std::uint64_t{1} << 32);
  EXPECT_EQ(prefix("fd00::/64").size(), std::uint64_t{1} << 63);
  EXPECT_EQ(prefix("::/0").size(), std::uint64_t{1} << 63);
}

TEST(PrefixTest, AHostIsItsWholeLength) {
  EXPECT_EQ(Prefix::host(address("10.0.0.1")).text(), "10.0.0.1/32");
  EXPECT_EQ(Prefix::host(address("fd00::1")).text(), "fd00::1/128");
  EXPECT_TRUE(Prefix::host(address("fd00::1")).is_host());
  EXPECT_FALSE(prefix("fd00::/64").is_host());
}

TEST(EndpointTest, TextComesBack) {
  for (const std::string text :
       {"192.0.2.7:51820", "[2001:db8::7]:51820", "0.0.0.0:0", "[::]:65535"}) {
    EXPECT_EQ(Endpoint::parse(text).value().text(), text);
  }
}

class RefusesEndpoint : public ::testing::TestWithParam<BadText> {};

TEST_P(RefusesEndpoint, SayingWhatWasExpected) {
  const auto result = Endpoint::parse(GetParam().text);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::Malformed);
  EXPECT_EQ(result.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    EndpointTest, RefusesEndpoint,
    ::testing::Values(
        BadText{"NoPort", "192.0.2.7", "\"192.0.2.7\", expected ADDRESS:PORT"},
        BadText{"BareV6", "2001:db8::7:51820",
                "\"2001:db8::7:51820\", expected ADDRESS:PORT or [ADDRESS]:PORT"},
        BadText{"BracketedV4", "[192.0.2.7]:1",
                "\"[192.0.2.7]:1\", expected ADDRESS:PORT or [ADDRESS]:PORT"},
        BadText{"HalfBracket", "[::1:1", "\"[::1:1\", expected ADDRESS:PORT or [ADDRESS]:PORT"},
        BadText{"Name", "localhost:1", "\"localhost:1\", expected ADDRESS:PORT or [ADDRESS]:PORT"},
        BadText{"EmptyPort", "192.0.2.7:", "port: \"\", expected a number in 0..65535"},
        BadText{"PortOver", "192.0.2.7:65536", "port: \"65536\", expected a number in 0..65535"},
        BadText{"PortNegative", "192.0.2.7:-1", "port: \"-1\", expected a number in 0..65535"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace base
