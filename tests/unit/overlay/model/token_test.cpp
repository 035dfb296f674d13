#include "overlay/model/token.h"

#include <gtest/gtest.h>

namespace model {
namespace {

// Thirty-two bytes of one value.
crypto::Secret<32> secret_of(std::uint8_t byte) {
  crypto::Secret<32> secret;
  std::ranges::fill(secret.writable(), byte);
  return secret;
}

const std::string kId = "0000000000000abc";
const std::string kSecret(43, 'A');
const std::string kPin = std::string(42, '_') + "8";

TEST(JoinTokenTest, TextComesBack) {
  JoinToken token{.id = TokenId{0xabc}, .secret = secret_of(0)};
  token.pin.fill(0xff);

  EXPECT_EQ(token.text(), kId + "." + kSecret + "." + kPin);
  EXPECT_EQ(token.text().size(), kTokenTextBytes);
  const auto parsed = JoinToken::parse(token.text());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.value().id, token.id);
  EXPECT_EQ(parsed.value().pin, token.pin);
  EXPECT_TRUE(crypto::equal(parsed.value().secret.bytes(), token.secret.bytes()));
}

TEST(JoinTokenTest, ErrorsSayWhichPartAndNeverShowIt) {
  const std::pair<std::string, std::string> kBad[] = {
      {"", "token: expected three parts with dots between: id, secret, pin"},
      {kId + "." + kSecret, "token: expected three parts with dots between: id, secret, pin"},
      {kId + "." + kSecret + "." + kPin + ".x",
       "token: expected three parts with dots between: id, secret, pin"},
      {"hidden." + kSecret + "." + kPin, "token: id: expected 16 lower-case hex digits, not zero"},
      {kId + ".hidden." + kPin, "token: secret: expected 43 characters of base64url"},
      {kId + "." + kSecret + ".hidden", "token: pin: expected 43 characters of base64url"},
      {kId + "." + kSecret + "." + kPin + "\n", "token: pin: expected 43 characters of base64url"}};
  for (const auto& [text, error] : kBad) {
    const auto parsed = JoinToken::parse(text);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().text(), error);
  }
}

TEST(TokenClaimTest, IsATokenWithoutItsPin) {
  const auto claim = TokenClaim::parse(kId + "." + kSecret);

  ASSERT_TRUE(claim.ok());
  EXPECT_EQ(claim.value().id, TokenId{0xabc});
  EXPECT_EQ(claim.value().text(), kId + "." + kSecret);
  EXPECT_EQ(TokenClaim::parse(kId + "." + kSecret + "." + kPin).error().text(),
            "token: expected two parts with a dot between: id, secret");
}

TEST(ApiKeyTest, TextComesBackAndIsMarked) {
  const std::string text = "lsk." + kId + "." + kSecret + "." + kPin;

  const auto key = ApiKey::parse(text);

  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key.value().text(), text);
  EXPECT_EQ(ApiKey::parse(text.substr(4)).error().text(),
            "api key: expected it to begin with \"lsk.\"");
  EXPECT_EQ(ApiKey::parse("lsk.x").error().text(),
            "api key: expected three parts with dots between: id, secret, pin");
}

TEST(SecretHashTest, DiffersByPurposeAndSecret) {
  EXPECT_EQ(token_hash(secret_of(1)), token_hash(secret_of(1)));
  EXPECT_NE(token_hash(secret_of(1)), token_hash(secret_of(2)));
  EXPECT_NE(token_hash(secret_of(1)), api_key_hash(secret_of(1)));
}

}  // namespace
}  // namespace model
