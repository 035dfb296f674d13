#include "overlay/model/json_reader.h"

#include <functional>

#include <gtest/gtest.h>

#include "overlay/base/ip.h"

namespace model {
namespace {

using Json = nlohmann::json;

struct BadText {
  std::string name;
  std::string text;
  base::Errc code;
  std::string error;
};

class RefusesJson : public ::testing::TestWithParam<BadText> {};

TEST_P(RefusesJson, SayingWhy) {
  const auto json = parse_json("body", GetParam().text, 200);
  ASSERT_FALSE(json.ok());
  EXPECT_EQ(json.error().code(), GetParam().code);
  EXPECT_EQ(json.error().text(), GetParam().error);
}

std::string nested(int depth) {
  std::string text;
  for (int i = 0; i < depth; ++i) {
    text += "{\"a\":";
  }
  return text + "1" + std::string(static_cast<std::size_t>(depth), '}');
}

INSTANTIATE_TEST_SUITE_P(
    ParseJson, RefusesJson,
    ::testing::Values(
        BadText{"Empty", "", base::Errc::Malformed, "body: not JSON"},
        BadText{"Half", "{\"a\":", base::Errc::Malformed, "body: not JSON"},
        BadText{"TwoValues", "{} {}", base::Errc::Malformed, "body: not JSON"},
        BadText{"Comment", "{/**/}", base::Errc::Malformed, "body: not JSON"},
        BadText{"TrailingComma", "{\"a\":1,}", base::Errc::Malformed, "body: not JSON"},
        BadText{"NotUtf8", "{\"a\":\"\xff\"}", base::Errc::Malformed, "body: not JSON"},
        BadText{"NotANumber", "{\"a\":NaN}", base::Errc::Malformed, "body: not JSON"},
        BadText{"List", "[1]", base::Errc::Malformed, "body: [1], expected an object"},
        BadText{"Twice", "{\"a\":1,\"a\":1}", base::Errc::Malformed,
                "body: field \"a\" is given twice"},
        BadText{"TwiceInside", "{\"b\":{\"a\":1,\"c\":{},\"a\":2}}", base::Errc::Malformed,
                "body: field \"a\" is given twice"},
        BadText{"TooDeep", nested(17), base::Errc::Malformed, "body: nested over 16 levels"},
        BadText{"TooLong", std::string(201, ' '), base::Errc::LimitExceeded,
                "body: 201 bytes, at most 200"}),
    [](const auto& test) { return test.param.name; });

TEST(ParseJsonTest, TheSameFieldInTwoObjectsIsNoRepetition) {
  EXPECT_TRUE(parse_json("body", R"({"a":{"a":1},"b":{"a":1}})", 200).ok());
  EXPECT_TRUE(parse_json("body", nested(16), 200).ok());
}

struct BadField {
  std::string name;
  std::string json;
  std::function<void(JsonReader&)> read;
  std::string error;
};

class RefusesField : public ::testing::TestWithParam<BadField> {};

TEST_P(RefusesField, SayingWhichValueAndWhatWasExpected) {
  const Json object = Json::parse(GetParam().json);
  JsonReader reader("body", object);
  GetParam().read(reader);
  const auto status = reader.finish();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), base::Errc::Malformed);
  EXPECT_EQ(status.error().text(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    JsonReader, RefusesField,
    ::testing::Values(
        BadField{"TextForNumber", R"({"port":"abc"})", [](auto& r) { r.number("port", 1, 65535); },
                 "body: port: \"abc\", expected a number in 1..65535"},
        BadField{"NumberOver", R"({"port":65536})", [](auto& r) { r.number("port", 1, 65535); },
                 "body: port: 65536, expected a number in 1..65535"},
        BadField{"NumberNegative", R"({"port":-1})", [](auto& r) { r.number("port", 0, 65535); },
                 "body: port: -1, expected a number in 0..65535"},
        BadField{"NumberFraction", R"({"port":1.0})", [](auto& r) { r.number("port", 0, 65535); },
                 "body: port: 1.0, expected a number in 0..65535"},
        BadField{"NumberHuge", R"({"port":99999999999999999999})",
                 [](auto& r) { r.number("port", 0, ~std::uint64_t{0}); },
                 "body: port: 1e+20, expected a number in 0..18446744073709551615"},
        BadField{"Absent", "{}", [](auto& r) { r.text("name", 9); },
                 "body: name: absent, expected a value"},
        BadField{"Null", R"({"name":null})", [](auto& r) { r.text("name", 9); },
                 "body: name: null, expected a value"},
        BadField{"TextTooLong", R"({"name":"abcd"})", [](auto& r) { r.text("name", 3); },
                 "body: name: \"abcd\", expected a text of at most 3 bytes"},
        BadField{"SecretIsHidden", R"({"token":"abcd"})",
                 [](auto& r) { r.secret_text("token", 3); },
                 "body: token: hidden, expected a text of at most 3 bytes"},
        BadField{"NotABoolean", R"({"up":1})", [](auto& r) { r.boolean("up"); },
                 "body: up: 1, expected true or false"},
        BadField{"NotAList", R"({"all":"a"})", [](auto& r) { r.texts("all", 2, 3); },
                 "body: all: \"a\", expected a list of at most 2 texts of at most 3 bytes"},
        BadField{"ListTooLong", R"({"all":["a","b","c"]})", [](auto& r) { r.texts("all", 2, 3); },
                 "body: all: [\"a\",\"b\",\"c\"], expected a list of at most 2 texts of at most 3 "
                 "bytes"},
        BadField{"EntryOfAnotherType", R"({"all":["a",2]})", [](auto& r) { r.texts("all", 2, 3); },
                 "body: all[1]: 2, expected a text of at most 3 bytes"},
        BadField{"ParsedEntry", R"({"all":["10.0.0.1","x"]})",
                 [](auto& r) { r.parsed_list("all", 2, 60, base::Address::parse); },
                 "body: all[1]: \"x\", expected an IPv4 or IPv6 address"},
        BadField{"ParsedHostBits", R"({"net":"10.0.0.1/8"})",
                 [](auto& r) { r.parsed("net", 60, base::Prefix::parse); },
                 "body: net: \"10.0.0.1/8\", expected 10.0.0.0/8"},
        BadField{"OptionalOfAnotherType", R"({"port":true})",
                 [](auto& r) { r.optional_number("port", 1, 2); },
                 "body: port: true, expected a number in 1..2"},
        BadField{"Unknown", R"({"a":1,"b":2})", [](auto& r) { r.number("a", 1, 2); },
                 "body: \"b\": 2, expected no such field"},
        BadField{"OwnersRule", R"({"a":1})",
                 [](auto& r) {
                   r.number("a", 1, 2);
                   r.reject("a", "1", "2 on Tuesdays");
                 },
                 "body: a: 1, expected 2 on Tuesdays"}),
    [](const auto& test) { return test.param.name; });

TEST(JsonReaderTest, ReadsEveryType) {
  const Json object = Json::parse(
      R"({"text":"a","number":7,"flag":true,"list":["x","y"],"address":"10.0.0.1","null":null})");
  JsonReader reader("body", object);

  EXPECT_EQ(reader.text("text", 9), "a");
  EXPECT_EQ(reader.number("number", 1, 9), 7U);
  EXPECT_TRUE(reader.boolean("flag"));
  EXPECT_EQ(reader.texts("list", 2, 9), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(reader.parsed("address", 60, base::Address::parse).text(), "10.0.0.1");
  EXPECT_FALSE(reader.optional_text("null", 9).has_value());
  EXPECT_FALSE(reader.optional_boolean("absent").has_value());
  EXPECT_TRUE(reader.optional_texts("absent", 9, 9).empty());
  EXPECT_FALSE(reader.optional_parsed("absent", 9, base::Address::parse).has_value());
  EXPECT_TRUE(reader.optional_parsed_list("null", 9, 9, base::Address::parse).empty());
  EXPECT_TRUE(reader.finish().ok());
}

TEST(JsonReaderTest, TheFirstFailureSticksAndIsHandedOut) {
  const Json object = Json::parse(R"({"a":"x","b":"y"})");
  JsonReader reader("body", object);
  FieldFailure failure;

  EXPECT_EQ(reader.number("a", 1, 2), 0U);
  EXPECT_EQ(reader.text("b", 9), "");
  EXPECT_FALSE(reader.finish(&failure).ok());

  EXPECT_EQ(failure.field, "a");
  EXPECT_EQ(failure.value, "\"x\"");
  EXPECT_EQ(failure.expected, "a number in 1..2");
}

TEST(ShownTest, IsCutBetweenCharacters) {
  EXPECT_EQ(shown(Json(std::string(100, 'a'))), "\"" + std::string(63, 'a') + "...");
  std::string umlauts;
  for (int i = 0; i < 50; ++i) {
    umlauts += "\xc3\xa4";
  }
  EXPECT_EQ(shown(Json(umlauts)), "\"" + umlauts.substr(0, 62) + "...");
}

}  // namespace
}  // namespace model
