#include "overlay/base/hex.h"

#include <functional>

#include <gtest/gtest.h>

#include "overlay/base/bytes.h"
#include "overlay/base/random.h"

namespace base {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(std::string_view text) {
  const auto bytes = as_bytes(text);
  return Bytes(bytes.begin(), bytes.end());
}

TEST(HexTest, IsLowerCaseTwoDigitsAByte) {
  EXPECT_EQ(hex_encode(Bytes{0x00, 0x0f, 0xa5, 0xff}), "000fa5ff");
  EXPECT_EQ(hex_decode("000fa5ff").value(), (Bytes{0x00, 0x0f, 0xa5, 0xff}));
  EXPECT_TRUE(hex_decode("").value().empty());
}

// RFC 4648, 10.
TEST(Base64Test, GivesTheVectorsOfTheRfc) {
  const std::pair<std::string, std::string> kVectors[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : kVectors) {
    EXPECT_EQ(base64_encode(as_bytes(plain)), encoded);
    EXPECT_EQ(base64_decode(encoded).value(), bytes_of(plain));
    const std::string bare = encoded.substr(0, encoded.find('='));
    EXPECT_EQ(base64url_encode(as_bytes(plain)), bare);
    EXPECT_EQ(base64url_decode(bare).value(), bytes_of(plain));
  }
}

TEST(Base64Test, AlphabetsDifferInTheLastTwoDigits) {
  const Bytes bytes{0xfb, 0xff, 0xfe};

  EXPECT_EQ(base64_encode(bytes), "+//+");
  EXPECT_EQ(base64url_encode(bytes), "-__-");
  EXPECT_FALSE(base64_decode("-__-").ok());
  EXPECT_FALSE(base64url_decode("+//+").ok());
}

TEST(Base64Test, RandomBytesComeBack) {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 100; ++size) {
    Bytes bytes(size);
    random.fill(bytes);
    EXPECT_EQ(hex_decode(hex_encode(bytes)).value(), bytes);
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)).value(), bytes);
  }
}

struct BadText {
  std::string name;
  Result<Bytes> (*decode)(std::string_view);
  std::string text;
  std::string error;
};

class RefusesText : public ::testing::TestWithParam<BadText> {};

TEST_P(RefusesText, SayingWhyWithoutShowingIt) {
  const auto result = GetParam().decode(GetParam().text);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::Malformed);
  EXPECT_EQ(result.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Encodings, RefusesText,
    ::testing::Values(
        BadText{"HexOdd", hex_decode, "abc", "hex: 3 digits, expected an even number"},
        BadText{"HexUpper", hex_decode, "aB", "hex: character 1 is not one of 0-9a-f"},
        BadText{"HexBlank", hex_decode, " a", "hex: character 0 is not one of 0-9a-f"},
        BadText{"Base64NoPadding", base64_decode, "Zg",
                "base64: 2 digits, expected a multiple of 4"},
        BadText{"Base64OnlyPadding", base64_decode, "====", "base64: character 0 is not a digit"},
        BadText{"Base64ThreePads", base64_decode, "Z===", "base64: character 1 is not a digit"},
        BadText{"Base64PadInside", base64_decode, "Zg==Zg==", "base64: character 2 is not a digit"},
        BadText{"Base64StrayBits", base64_decode, "Zh==", "base64: stray bits in the last digit"},
        BadText{"Base64Newline", base64_decode, "Zm9\n", "base64: character 3 is not a digit"},
        BadText{"UrlOneDigit", base64url_decode, "Zm9vY",
                "base64url: 5 digits cannot be whole bytes"},
        BadText{"UrlPadded", base64url_decode, "Zg==", "base64url: character 2 is not a digit"},
        BadText{"UrlStrayBits", base64url_decode, "Zm9",
                "base64url: stray bits in the last digit"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace base
