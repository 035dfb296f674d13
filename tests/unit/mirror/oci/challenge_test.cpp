#include "mirror/oci/challenge.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

TEST(ChallengeTest, BearerGivesItsParametersWithoutQuotes) {
  const auto challenges = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push")");

  ASSERT_TRUE(challenges.ok());
  const Challenge expected{"bearer",
                           {{"realm", "https://auth.example/token"},
                            {"scope", "repository:a/b:pull,push"},
                            {"service", "reg"}}};
  EXPECT_EQ(challenges.value(), std::vector<Challenge>{expected});
}

TEST(ChallengeTest, SeveralChallengesInOneFieldAreKeptApart) {
  const auto challenges = parse_challenges(R"(Basic realm="x \"y\"", Bearer realm=z)");

  ASSERT_TRUE(challenges.ok());
  ASSERT_EQ(challenges.value().size(), 2u);
  EXPECT_EQ(challenges.value()[0].parameters.at("realm"), "x \"y\"");
  EXPECT_EQ(challenges.value()[1].scheme, "bearer");
  EXPECT_EQ(challenges.value()[1].parameters.at("realm"), "z");
}

struct BadChallenge {
  std::string name;
  std::string text;
  std::string error;
};
class RefusesChallenge : public ::testing::TestWithParam<BadChallenge> {};

TEST_P(RefusesChallenge, SayingWhere) {
  const auto challenges = parse_challenges(GetParam().text);
  ASSERT_FALSE(challenges.ok());
  EXPECT_EQ(challenges.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Challenge, RefusesChallenge,
    ::testing::Values(
        BadChallenge{"Empty", "", "challenge: offset 0, expected a scheme"},
        BadChallenge{"ParameterFirst", "realm=x",
                     "challenge: offset 7, expected a scheme before parameters"},
        BadChallenge{"OpenQuote", "Bearer realm=\"x", "challenge: offset 15, expected a value"},
        BadChallenge{"NoValue", "Bearer realm=,", "challenge: offset 13, expected a value"},
        BadChallenge{"Control", std::string("Bearer \x01"),
                     "challenge: offset 7, expected a scheme or a parameter"},
        BadChallenge{"ManySchemes", "a b c d e f g h i", "challenge: more than 8 challenges"},
        BadChallenge{"Long", std::string(8193, 'a'),
                     "challenge: 8193 bytes, expected at most 8192"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace mirror
