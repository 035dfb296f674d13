#include "overlay/device/nft.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace device {
namespace {

base::Prefix prefix(const std::string& text) {
  return base::Prefix::parse(text).value();
}

std::string list(const std::string& sets, int rules) {
  std::string text = R"({"nftables": [{"metainfo": {}}, {"table": {"name": "linkspan"}})" + sets;
  for (int i = 0; i < 3; ++i) {
    text += R"(, {"chain": {"name": "x"}})";
  }
  for (int i = 0; i < rules; ++i) {
    text += R"(, {"rule": {}})";
  }
  return text + "]}";
}

const std::string kSets =
    R"(, {"set": {"name": "overlay4", "elem": [{"prefix": {"addr": "10.192.0.0", "len": 12}}]}})"
    R"(, {"set": {"name": "overlay6", "elem": [{"prefix": {"addr": "fd00:77::", "len": 48}}]}})"
    R"(, {"set": {"name": "exempt4", "elem": ["10.200.0.1"]}}, {"set": {"name": "exempt6"}})";

TEST(FirewallTextTest, ReplacesTheTableInOneTransaction) {
  const auto text = format_firewall({.overlay = {prefix("10.192.0.0/12"), prefix("fd00:77::/48")},
                                     .exempt = {prefix("10.200.0.1/32")}});

  EXPECT_THAT(text, ::testing::StartsWith("table inet linkspan\ndelete table inet linkspan\n"
                                          "table inet linkspan {\n  set overlay4 {\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("elements = { 10.192.0.0/12 }"));
  EXPECT_THAT(text, ::testing::HasSubstr("elements = { fd00:77::/48 }"));
  EXPECT_THAT(text, ::testing::HasSubstr("tcp option maxseg size set rt mtu"));
}

TEST(FirewallTextTest, ReadsBackWhatTheKernelLists) {
  const auto firewall = parse_firewall(list(kSets, 13));

  ASSERT_TRUE(firewall.ok()) << firewall.error().text();
  ASSERT_TRUE(firewall.value().has_value());
  EXPECT_EQ(*firewall.value(),
            (base::Firewall{.overlay = {prefix("10.192.0.0/12"), prefix("fd00:77::/48")},
                            .exempt = {prefix("10.200.0.1/32")}}));
}

TEST(FirewallTextTest, TableThatIsNotAsWeMakeItCountsAsMissing) {
  for (const auto& text :
       {list(kSets, 12), list("", 13), list(kSets + R"(, {"set": {"name": "x"}})", 13),
        list(R"(, {"set": {"name": "overlay4", "elem": [{"range": ["10.0.0.1", "10.0.0.9"]}]}})",
             13)}) {
    const auto firewall = parse_firewall(text);
    ASSERT_TRUE(firewall.ok());
    EXPECT_FALSE(firewall.value().has_value());
  }
}

TEST(FirewallTextTest, RefusesWhatIsNoListing) {
  for (const char* text : {"", "[]", "{}", R"({"nftables": 1})"}) {
    EXPECT_FALSE(parse_firewall(text).ok());
  }
}

}  // namespace
}  // namespace device
