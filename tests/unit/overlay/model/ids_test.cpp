#include "overlay/model/ids.h"

#include <gtest/gtest.h>

namespace model {
namespace {

TEST(IdTextTest, Is16HexDigitsAndComesBack) {
  EXPECT_EQ(text_of(NodeId{0xabc}), "0000000000000abc");
  EXPECT_EQ(text_of(TokenId{~std::uint64_t{0}}), "ffffffffffffffff");
  EXPECT_EQ(parse_node_id("0000000000000abc").value(), NodeId{0xabc});
  EXPECT_EQ(parse_token_id("ffffffffffffffff").value(), TokenId{~std::uint64_t{0}});
  EXPECT_EQ(parse_api_key_id("0000000000000001").value(), ApiKeyId{1});
}

TEST(IdTextTest, WhatIsNoIdIsRefusedWithItsText) {
  for (const std::string text :
       {"", "1", "0000000000000000", "000000000000ABCD", "0000000000000abc0", "0x00000000000abc"}) {
    const auto id = parse_node_id(text);
    ASSERT_FALSE(id.ok()) << text;
    EXPECT_EQ(id.error().text(), "\"" + text + "\", expected 16 lower-case hex digits, not zero");
  }
}

TEST(RoleTest, NamesComeBack) {
  for (const Role role : {Role::Member, Role::Gateway, Role::Spoke}) {
    EXPECT_EQ(parse_role(name_of(role)).value(), role);
  }
  EXPECT_EQ(parse_role("Gateway").error().text(), "\"Gateway\", expected member, gateway or spoke");
}

TEST(TopologyTest, NamesComeBack) {
  for (const Topology topology : {Topology::Site, Topology::Mesh}) {
    EXPECT_EQ(parse_topology(name_of(topology)).value(), topology);
  }
  EXPECT_EQ(parse_topology("star").error().text(), "\"star\", expected site or mesh");
}

}  // namespace
}  // namespace model
