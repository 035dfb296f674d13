#include <array>
#include <set>

#include <gtest/gtest.h>

#include "overlay/base/ip.h"

namespace base {
namespace {

Address address(std::string_view text) {
  return Address::parse(text).value();
}

struct AddressText {
  std::string given;
  std::string shown;
};

// RFC 5952: one text for each address.
TEST(AddressTest, TextIsCanonical) {
  const AddressText kTexts[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"10.192.0.1", "10.192.0.1"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:DB8::0001", "2001:db8::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
      {"fe80::1", "fe80::1"},
  };
  for (const auto& [given, shown] : kTexts) {
    ASSERT_TRUE(Address::parse(given).ok()) << given;
    EXPECT_EQ(address(given).text(), shown);
    EXPECT_EQ(address(shown), address(given));
  }
}

TEST(AddressTest, WhatIsNoAddressIsRefusedWithItsText) {
  const std::string kBad[] = {"",         "1.2.3",        "1.2.3.4.5",     "1.2.3.256",
                              "01.2.3.4", "1.2.3.4 ",     " 1.2.3.4",      "0x1.2.3.4",
                              ":",        ":::",          "1::2::3",       "12345::",
                              "::g",      "fe80::1%eth0", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
                              "[::1]",    "localhost"};
  for (const std::string& text : kBad) {
    const auto result = Address::parse(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code(), Errc::Malformed);
    EXPECT_EQ(result.error().text(), "\"" + text + "\", expected an IPv4 or IPv6 address");
  }
}

TEST(AddressTest, ATextWithAZeroByteIsRefused) {
  EXPECT_FALSE(Address::parse(std::string_view("10.0.0.1\0x", 10)).ok());
}

TEST(AddressTest, AnEndlessTextIsCutInTheError) {
  const auto result = Address::parse(std::string(100'000, '1'));

  ASSERT_FALSE(result.ok());
  EXPECT_LT(result.error().text().size(), 128U);
}

TEST(AddressTest, BytesAreInNetworkOrder) {
  const Address four = Address::v4(0x0ac00001);

  EXPECT_EQ(four.text(), "10.192.0.1");
  EXPECT_EQ(four.bytes().size(), 4U);
  EXPECT_EQ(four.bytes()[0], 10);
  EXPECT_EQ(four.bits(), 32);
  EXPECT_EQ(address("::1").bytes().size(), 16U);
  EXPECT_EQ(address("::1").bytes()[15], 1);
  EXPECT_EQ(address("::1").bits(), 128);
}

TEST(AddressTest, FamiliesAreNeverEqualAndIpv4SortsFirst) {
  EXPECT_NE(address("0.0.0.0"), address("::"));
  const std::set<Address> sorted{address("::1"), address("255.0.0.0"), address("10.0.0.9"),
                                 address("10.0.0.10")};

  std::string texts;
  for (const Address& each : sorted) {
    texts += each.text() + " ";
  }

  EXPECT_EQ(texts, "10.0.0.9 10.0.0.10 255.0.0.0 ::1 ");
}

TEST(AddressTest, KnowsSpecialRanges) {
  EXPECT_TRUE(address("0.0.0.0").is_unspecified());
  EXPECT_TRUE(address("::").is_unspecified());
  EXPECT_FALSE(address("0.0.0.1").is_unspecified());
  EXPECT_TRUE(address("127.8.8.8").is_loopback());
  EXPECT_TRUE(address("::1").is_loopback());
  EXPECT_FALSE(address("::2").is_loopback());
  EXPECT_FALSE(address("128.0.0.1").is_loopback());
  EXPECT_TRUE(address("169.254.0.1").is_link_local());
  EXPECT_FALSE(address("169.255.0.1").is_link_local());
  EXPECT_TRUE(address("fe80::1").is_link_local());
  EXPECT_TRUE(address("febf::1").is_link_local());
  EXPECT_FALSE(address("fec0::1").is_link_local());
}

TEST(AddressTest, PlusCarriesAndWrapsInsideItsFamily) {
  EXPECT_EQ(address("10.0.0.255").plus(1).text(), "10.0.1.0");
  EXPECT_EQ(address("255.255.255.255").plus(1).text(), "0.0.0.0");
  EXPECT_EQ(address("10.0.0.0").plus(0x10002).text(), "10.1.0.2");
  EXPECT_EQ(address("fd00::ffff:ffff:ffff:ffff").plus(1).text(), "fd00:0:0:1::");
  EXPECT_EQ(address("::").plus(0xffffffffffffffffU).text(), "::ffff:ffff:ffff:ffff");
}

}  // namespace
}  // namespace base
