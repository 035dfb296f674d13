#include "overlay/loop/http_target.h"

#include <string>

#include <gtest/gtest.h>

namespace loop {
namespace {

struct BadText {
  std::string name;
  std::string text;
  std::string error;
};

class RefusesPercentText : public ::testing::TestWithParam<BadText> {};

TEST_P(RefusesPercentText, SayingWhereAndWhy) {
  const auto result = percent_decode(GetParam().text);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), base::Errc::Malformed);
  EXPECT_EQ(result.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    PercentDecode, RefusesPercentText,
    ::testing::Values(BadText{"Alone", "a%", "offset 1: '%' without two hexadecimal digits"},
                      BadText{"OneDigit", "%4", "offset 0: '%' without two hexadecimal digits"},
                      BadText{"NotHex", "%4g", "offset 0: '%' without two hexadecimal digits"},
                      BadText{"Signed", "%+1", "offset 0: '%' without two hexadecimal digits"},
                      BadText{"Nul", "a%00b", "offset 1: encoded nul"},
                      BadText{"Space", "a b", "offset 1: byte outside printable ascii"},
                      BadText{"Control", "\x01", "offset 0: byte outside printable ascii"},
                      BadText{"Delete", "\x7f", "offset 0: byte outside printable ascii"},
                      BadText{"HighByte", "\xc3\xa9", "offset 0: byte outside printable ascii"}),
    [](const auto& test) { return test.param.name; });

TEST(PercentDecodeTest, DecodesEachFormOnce) {
  EXPECT_EQ(percent_decode("").value(), "");
  EXPECT_EQ(percent_decode("/a+b;c=~").value(), "/a+b;c=~");
  EXPECT_EQ(percent_decode("%41%6a%2F%2f").value(), "Aj//");
  EXPECT_EQ(percent_decode("%2541").value(), "%41");
  EXPECT_EQ(percent_decode("%C3%A9%ff").value(), "\xc3\xa9\xff");
}

TEST(PercentEncodeTest, IsUndoneByDecoding) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) {
    all.push_back(static_cast<char>(byte));
  }
  EXPECT_EQ(percent_decode(percent_encode(all)).value(), all);
  EXPECT_EQ(percent_encode("a-b_c.d~/ é"), "a-b_c.d~%2F%20%C3%A9");
}

TEST(ParseQueryTest, SplitsThenDecodes) {
  const auto query = parse_query("epoch=1&name=a%26b%3Dc&flag&empty=&plus=a+b").value();

  EXPECT_EQ(query.size(), 5U);
  EXPECT_EQ(query.at("epoch"), "1");
  EXPECT_EQ(query.at("name"), "a&b=c");
  EXPECT_EQ(query.at("flag"), "");
  EXPECT_EQ(query.at("empty"), "");
  EXPECT_EQ(query.at("plus"), "a+b");
  EXPECT_TRUE(parse_query("").value().empty());
}

TEST(ParseQueryTest, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_EQ(parse_query("a=1&a=2").error().text(), "query: a: given twice");
  EXPECT_EQ(parse_query("a=1&%61=2").error().text(), "query: a: given twice");
  EXPECT_EQ(parse_query("a=1&=2").error().text(), "query: parameter without a name");
  EXPECT_EQ(parse_query("a=1&&b=2").error().text(), "query: parameter without a name");
  EXPECT_EQ(parse_query("a=%zz").error().text(),
            "query: a: offset 0: '%' without two hexadecimal digits");
  EXPECT_EQ(parse_query("%=1").error().text(),
            "query: parameter name: offset 0: '%' without two hexadecimal digits");
}

TEST(ParseQueryTest, BoundsTheNumberOfParameters) {
  std::string query = "p0=0";
  for (std::size_t i = 1; i <= kQueryParametersMax; ++i) {
    query += "&p" + std::to_string(i) + "=0";
  }
  EXPECT_EQ(parse_query(query).error().code(), base::Errc::LimitExceeded);
}

}  // namespace
}  // namespace loop
