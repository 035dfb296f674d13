#include "overlay/model/enrol.h"

#include <gtest/gtest.h>

namespace model {
namespace {

using Json = nlohmann::json;

EnrolRequest request() {
  EnrolRequest wanted;
  wanted.token.id = TokenId{0xabc};
  std::ranges::fill(wanted.token.secret.writable(), 7);
  wanted.identity_key.bytes.fill(1);
  wanted.wireguard_key.bytes.fill(2);
  wanted.name = "gpu-17";
  wanted.machine_id = "0123456789abcdef0123456789abcdef";
  wanted.boot_id = "6b8b4567-327b-23c6-643c-986966334873";
  wanted.lan_addresses = {base::Address::v4(0xc0a80011)};
  wanted.local_prefixes = {base::Prefix::parse("192.168.0.0/24").value()};
  wanted.agent_version = "0.1.0";
  return wanted;
}

// The request's JSON with one field set to something else.
std::string with(const std::string& field, const Json& value) {
  Json object = Json::parse(encode(request()));
  object[field] = value;
  return object.dump();
}

TEST(EnrolRequestTest, ComesBackWithAndWithoutItsOptionalFields) {
  EnrolRequest wanted = request();
  EXPECT_EQ(encode(decode_enrol_request(encode(wanted)).value()), encode(wanted));

  wanted.public_endpoint = base::Endpoint::parse("192.0.2.7:51820").value();
  wanted.network = "lab";
  const auto decoded = decode_enrol_request(encode(wanted));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(encode(decoded.value()), encode(wanted));
  EXPECT_EQ(decoded.value().public_endpoint, wanted.public_endpoint);
  EXPECT_EQ(decoded.value().network, "lab");
  EXPECT_EQ(decoded.value().local_prefixes, wanted.local_prefixes);
}

struct BadField {
  std::string name;
  std::string field;
  Json value;
  std::string error;
};

class RefusesEnrol : public ::testing::TestWithParam<BadField> {};

TEST_P(RefusesEnrol, NamingFieldAndValue) {
  FieldFailure failure;
  const auto decoded = decode_enrol_request(with(GetParam().field, GetParam().value), &failure);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().text(), GetParam().error);
  EXPECT_EQ("enrol: " + failure.text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    EnrolRequestTest, RefusesEnrol,
    ::testing::Values(
        BadField{"Port", "listen_port", "abc",
                 "enrol: listen_port: \"abc\", expected a number in 1..65532"},
        BadField{"Name", "name", "GPU",
                 "enrol: name: \"GPU\", expected 1..63 of a-z, 0-9 and inner hyphens"},
        BadField{"Token", "token", "0000000000000abc.hush",
                 "enrol: token: hidden, expected an id and a secret with a dot between"},
        BadField{"IdentityKey", "identity_key", "00",
                 "enrol: identity_key: \"00\", expected 64 lower-case hex digits"},
        BadField{"WireguardKey", "wireguard_key", "x",
                 "enrol: wireguard_key: \"x\", expected 44 characters of base64, not all zero"},
        BadField{"Address", "lan_addresses", Json{"10.0.0.300"},
                 "enrol: lan_addresses[0]: \"10.0.0.300\", expected an IPv4 or IPv6 address"},
        BadField{"Endpoint", "public_endpoint", "192.0.2.7",
                 "enrol: public_endpoint: \"192.0.2.7\", expected ADDRESS:PORT"},
        BadField{"Prefix", "local_prefixes", Json{"10.0.0.1/8"},
                 "enrol: local_prefixes[0]: \"10.0.0.1/8\", expected 10.0.0.0/8"},
        BadField{"Null", "boot_id", nullptr, "enrol: boot_id: null, expected a value"},
        BadField{"Unknown", "admin", true, "enrol: \"admin\": true, expected no such field"}),
    [](const auto& test) { return test.param.name; });

TEST(EnrolRequestTest, AnAbsentTokenIsNamedAsAbsent) {
  Json object = Json::parse(encode(request()));
  object.erase("token");

  EXPECT_EQ(decode_enrol_request(object.dump()).error().text(),
            "enrol: token: absent, expected a value");
}

TEST(EnrolRequestTest, AnOversizedBodyIsRefusedUnread) {
  EXPECT_EQ(decode_enrol_request(std::string(kEnrolBytesMax + 1, 'x')).error().code(),
            base::Errc::LimitExceeded);
}

TEST(EnrolResponseTest, ComesBack) {
  EnrolResponse response;
  response.node_id = NodeId{0xabc};
  response.network = "lab";
  response.network_id = NetworkId{1};
  response.site = "amber";
  response.site_id = SiteId{2};
  response.role = Role::Gateway;
  response.addresses = {base::Address::v4(0x0ac01001), base::Address::parse("fd00::1").value()};
  response.view = {NetworkId{1}, SiteId{2}, Role::Gateway};
  response.signing_key.bytes.fill(9);
  response.epoch = 3;

  const auto decoded = decode_enrol_response(encode(response));

  ASSERT_TRUE(decoded.ok()) << decoded.error().text();
  EXPECT_EQ(decoded.value(), response);
}

TEST(EnrolResponseTest, WhatACoordinatorMustNotSayIsRefused) {
  EXPECT_EQ(decode_enrol_response("{}").error().text(),
            "enrol response: node_id: absent, expected a value");
}

}  // namespace
}  // namespace model
