#include "overlay/model/node_update.h"

#include <gtest/gtest.h>

namespace model {
namespace {

using Json = nlohmann::json;

base::Address address(const std::string& text) {
  return base::Address::parse(text).value();
}

NodeUpdate update() {
  return {.listen_port = 4500,
          .lan_addresses = {address("192.168.0.7"), address("fd00::7")},
          .public_endpoint = base::Endpoint::parse("192.0.2.7:4500").value()};
}

TEST(NodeUpdateTest, ComesBack) {
  NodeUpdate made = update();
  EXPECT_EQ(decode_node_update(encode(made)).value(), made);

  made.public_endpoint.reset();
  made.lan_addresses.clear();
  EXPECT_EQ(decode_node_update(encode(made)).value(), made);
}

TEST(NodeUpdateTest, BadFieldsAreNamed) {
  const auto error_with = [](const std::string& field, const Json& value) {
    Json object = Json::parse(encode(update()));
    object[field] = value;
    return decode_node_update(object.dump()).error().text();
  };

  EXPECT_EQ(error_with("listen_port", 65533),
            "update: listen_port: 65533, expected a number in 1..65532");
  EXPECT_EQ(error_with("public_endpoint", "192.0.2.7"),
            "update: public_endpoint: \"192.0.2.7\", expected ADDRESS:PORT");
  EXPECT_EQ(error_with("mood", "good"), "update: \"mood\": hidden, expected no such field");
}

TEST(NodeUpdateTest, IsToldByAFactOfTheSameAddressesInAnyOrder) {
  NodeFact fact;
  fact.listen_port = 4500;
  fact.lan_addresses = {address("fd00::7"), address("192.168.0.7")};
  fact.public_endpoints = {base::Endpoint::parse("192.0.2.7:4500").value()};
  EXPECT_TRUE(is_told_by(update(), fact));

  NodeUpdate other = update();
  other.listen_port = 4501;
  EXPECT_FALSE(is_told_by(other, fact));
  other = update();
  other.lan_addresses.pop_back();
  EXPECT_FALSE(is_told_by(other, fact));
  other = update();
  other.public_endpoint->port = 1;
  EXPECT_FALSE(is_told_by(other, fact));
}

TEST(NodeUpdateTest, WithoutAConfiguredEndpointTheCoordinatorsIsAsGood) {
  NodeFact fact;
  fact.listen_port = 4500;
  fact.lan_addresses = update().lan_addresses;
  fact.public_endpoints = {base::Endpoint::parse("203.0.113.1:4500").value()};
  NodeUpdate observed = update();
  observed.public_endpoint.reset();

  EXPECT_TRUE(is_told_by(observed, fact));
}

}  // namespace
}  // namespace model
