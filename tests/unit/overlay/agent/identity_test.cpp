#include "overlay/agent/identity.h"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace agent {
namespace {

Identity sample() {
  Identity identity = make_identity();
  identity.coordinator = "https://203.0.113.7:7750";
  identity.pin.fill(3);
  identity.token = {.value = 0x0123456789abcdef};
  identity.name = "alpha";
  identity.joined_at = {.unix_ms = 1'735'689'600'000};
  identity.enrolment =
      model::EnrolResponse{.node_id = {.value = 42},
                           .network = "lab",
                           .network_id = {.value = 1},
                           .site = "ams",
                           .site_id = {.value = 2},
                           .role = model::Role::Gateway,
                           .addresses = {base::Address::v4(0x0ac00001)},
                           .view = {.network = {1}, .site = {2}, .role = model::Role::Gateway},
                           .signing_key = crypto::IdentityKey::generate().public_key(),
                           .epoch = 9};
  return identity;
}

TEST(IdentityTest, EncodedIdentityDecodesToTheSame) {
  const Identity identity = sample();

  const auto decoded = decode_identity(encode(identity));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  const Identity& same = decoded.value();
  EXPECT_EQ(same.identity_key.public_key(), identity.identity_key.public_key());
  EXPECT_EQ(same.wireguard_key.public_key(), identity.wireguard_key.public_key());
  EXPECT_EQ(same.coordinator, identity.coordinator);
  EXPECT_EQ(same.pin, identity.pin);
  EXPECT_EQ(same.token, identity.token);
  EXPECT_EQ(same.joined_at, identity.joined_at);
  EXPECT_EQ(same.enrolment, identity.enrolment);
}

TEST(IdentityTest, PendingIdentityHasNoEnrolment) {
  Identity identity = sample();
  identity.enrolment.reset();

  const auto decoded = decode_identity(encode(identity));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_FALSE(decoded.value().enrolment.has_value());
}

TEST(IdentityTest, ConfiguredEndpointIsRemembered) {
  Identity identity = sample();
  EXPECT_FALSE(decode_identity(encode(identity)).value().public_endpoint.has_value());
  identity.public_endpoint = base::Endpoint::parse("192.0.2.7:4500").value();

  EXPECT_EQ(decode_identity(encode(identity)).value().public_endpoint, identity.public_endpoint);
}

TEST(IdentityTest, TwoNewIdentitiesShareNoKey) {
  const Identity first = make_identity();
  const Identity second = make_identity();

  EXPECT_NE(first.identity_key.public_key(), second.identity_key.public_key());
  EXPECT_NE(first.wireguard_key.public_key(), second.wireguard_key.public_key());
}

struct BadField {
  std::string name;
  std::string field;
  nlohmann::json value;
  std::string text;  // the error begins so
};

class RefusesIdentity : public ::testing::TestWithParam<BadField> {};

TEST_P(RefusesIdentity, NamingTheFieldAndNeverAKey) {
  auto json = nlohmann::json::parse(encode(sample()));
  const std::string seed = json["identity_seed"];
  const std::string key = json["wireguard_private_key"];
  json[GetParam().field] = GetParam().value;

  const auto decoded = decode_identity(json.dump());

  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().text().find(GetParam().text), 0U) << decoded.error().text();
  EXPECT_EQ(decoded.error().text().find(seed), std::string::npos);
  EXPECT_EQ(decoded.error().text().find(key), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Identity, RefusesIdentity,
    ::testing::Values(
        BadField{"OtherFormat", "format", 2, "identity: format: 2"},
        BadField{"ShortSeed", "identity_seed", "AAAA", "identity: identity_seed: not 32 bytes"},
        BadField{"NoKey", "wireguard_private_key", "x", "identity: wireguard_private_key: "},
        BadField{"PlainHttp", "coordinator", "http://c", "identity: coordinator: "},
        BadField{"ShortPin", "pin", "AAAA", "identity: pin: "},
        BadField{"PortZero", "listen_port", 0, "identity: listen_port: 0"},
        BadField{"BadName", "name", "Not A Label", "identity: name: "},
        BadField{"Unknown", "extra", 1, "identity: \"extra\": 1, expected no such field"},
        BadField{"BadEnrolment", "enrolment", nlohmann::json::object(), "identity: enrolment: "}),
    [](const auto& test) { return test.param.name; });

TEST(CoordinatorUrlTest, SlashAtTheEndIsTakenOff) {
  EXPECT_EQ(parse_coordinator_url("https://c.example:7750/").value(), "https://c.example:7750");
  EXPECT_EQ(parse_coordinator_url("https://[2001:db8::1]:7750").value(),
            "https://[2001:db8::1]:7750");
}

TEST(CoordinatorUrlTest, AnythingButHttpsAndAHostIsRefused) {
  for (const char* const text :
       {"", "https://", "https:///", "http://c", "c:7750", "https://c/path", "https://user@c",
        "https://c?x=1", "https://c d"}) {
    EXPECT_FALSE(parse_coordinator_url(text).ok()) << text;
  }
}

}  // namespace
}  // namespace agent
