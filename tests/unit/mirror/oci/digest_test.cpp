#include "mirror/oci/digest.h"

#include <array>

#include <gtest/gtest.h>

#include "mirror/oci/quote.h"

namespace mirror {
namespace {

const std::string kHex64(64, 'a');

TEST(DigestTest, Sha256KeepsItsTextAndParts) {
  const auto digest = Digest::parse("sha256:" + kHex64);

  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(digest.value().text(), "sha256:" + kHex64);
  EXPECT_EQ(digest.value().encoded(), kHex64);
  EXPECT_TRUE(digest.value().is_sha256());
}

TEST(DigestTest, UnknownAlgorithmParsesButIsNotVerifiable) {
  const auto digest =
      Digest::parse("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8");

  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(digest.value().algorithm(), "multihash+base58");
  EXPECT_FALSE(digest.value().is_sha256());
}

TEST(DigestTest, ComputedBytesGiveTheSameTextAsParsing) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(0xaa);

  EXPECT_EQ(Digest::sha256(bytes), Digest::parse("sha256:" + kHex64).value());
}

struct BadDigest {
  std::string name;
  std::string text;
  std::string error;
};
class RefusesDigest : public ::testing::TestWithParam<BadDigest> {};

TEST_P(RefusesDigest, SayingWhy) {
  const auto digest = Digest::parse(GetParam().text);
  ASSERT_FALSE(digest.ok());
  EXPECT_EQ(digest.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Digest, RefusesDigest,
    ::testing::Values(
        BadDigest{"Empty", "", "digest: \"\", expected <algorithm>:<value>"},
        BadDigest{"NoColon", "sha256", "digest: \"sha256\", expected <algorithm>:<value>"},
        BadDigest{"EmptyAlgorithm", ":ab", "digest: \":ab\", expected <algorithm>:<value>"},
        BadDigest{"TrailingSeparator", "sha+:ab",
                  "digest: \"sha+:ab\", expected <algorithm>:<value>"},
        BadDigest{"EmptyValue", "foo:", "digest: \"foo:\", expected a value after the colon"},
        BadDigest{"PathInValue", "foo:../x",
                  "digest: \"foo:../x\", expected a value after the colon"},
        BadDigest{"ShortHex", "sha256:ab",
                  "digest: \"sha256:ab\", expected 64 lower-case hex digits after the colon"},
        BadDigest{"UpperCase", "sha256:" + std::string(64, 'A'),
                  "digest: \"sha256:" + std::string(64, 'A') +
                      "\", expected 64 lower-case hex digits after the colon"},
        BadDigest{"Sha512Short", "sha512:" + std::string(64, 'a'),
                  "digest: \"sha512:" + std::string(64, 'a') +
                      "\", expected 128 lower-case hex digits after the colon"},
        BadDigest{
            "Long", "x:" + std::string(300, 'a'),
            "digest: \"x:" + std::string(78, 'a') + "...\", expected at most 200 characters"}),
    [](const auto& test) { return test.param.name; });

TEST(QuoteTest, ShowsOnlyPrintableAscii) {
  EXPECT_EQ(quote("a\"b\n\xff"), "\"a\\x22b\\x0a\\xff\"");
}

}  // namespace
}  // namespace mirror
