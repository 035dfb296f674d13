#include "coordinator/server/bodies.h"

#include <gtest/gtest.h>

namespace coordinator {
namespace {

struct BadBody {
  std::string name;
  std::string json;
  std::string field;
  std::string text;
};

class RefusesNetworkBody : public ::testing::TestWithParam<BadBody> {};

TEST_P(RefusesNetworkBody, NamingTheField) {
  model::FieldFailure failure;
  const auto body = decode_network_body(GetParam().json, failure);

  ASSERT_FALSE(body.ok());
  EXPECT_EQ(failure.field, GetParam().field);
  EXPECT_EQ(body.error().text(), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Network, RefusesNetworkBody,
    ::testing::Values(
        BadBody{"NameOfAnotherType", R"({"name":7})", "name",
                "network: name: 7, expected a text of at most 1024 bytes"},
        BadBody{"NameAbsent", "{}", "name", "network: name: absent, expected a value"},
        BadBody{"UnknownField", R"({"name":"x","colour":"red"})", "\"colour\"",
                "network: \"colour\": hidden, expected no such field"},
        BadBody{"MtuOutOfRange", R"({"name":"x","mtu":100})", "mtu",
                "network: mtu: 100, expected a number in 1280..9216"},
        BadBody{"PrefixThatIsNone", R"({"name":"x","prefixes":["10.0.0.0/12","ten"]})",
                "prefixes[1]", "network: prefixes[1]: \"ten\", expected a prefix like 10.0.0.0/8"},
        BadBody{"UnknownTopology", R"({"name":"x","topology":"ring"})", "topology",
                "network: topology: \"ring\", expected site or mesh"}),
    [](const auto& test) { return test.param.name; });

TEST(TokenBodyTest, DefaultsAreOneUseForOneMemberForADay) {
  model::FieldFailure failure;
  const auto body = decode_token_body(R"({"network":"default","site":2})", failure);

  ASSERT_TRUE(body.ok()) << body.error().text();
  EXPECT_EQ(body.value().command.uses, 1U);
  EXPECT_EQ(body.value().command.role, model::Role::Member);
  EXPECT_EQ(body.value().command.lifetime, std::chrono::hours(24));
  EXPECT_EQ(body.value().network, Reference("default"));
  EXPECT_EQ(body.value().site, Reference(std::uint32_t{2}));
}

TEST(TokenBodyTest, LabelsAreTexts) {
  model::FieldFailure failure;
  const auto body =
      decode_token_body(R"({"network":"n","site":"s","labels":{"a":"b","c":7}})", failure);

  ASSERT_FALSE(body.ok());
  EXPECT_EQ(failure.field, "labels.c");
}

TEST(ReferenceTest, MissingOnesAreNamedAsTheyWereWritten) {
  const State state;
  model::FieldFailure failure;

  EXPECT_EQ(resolve_network(state, Reference("x"), failure).error().text(),
            "network: \"x\" does not exist");
  EXPECT_EQ(failure.field, "network");
  EXPECT_EQ(resolve_site(state, {1}, Reference(std::uint32_t{9}), failure).error().text(),
            "site: 9 does not exist");
}

}  // namespace
}  // namespace coordinator
