#include "overlay/cli/admin_text.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

constexpr base::WallTime kNow{1'795'411'874'000};  // 2026-11-23 05:31:14 UTC

TEST(AdminTextTest, ShowsNodesAsATable) {
  const json node = {{"name", "gpu-1"},
                     {"id", "00000000000000ff"},
                     {"network", "lab"},
                     {"site", "ams"},
                     {"role", "member"},
                     {"state", "up"},
                     {"addresses", {"10.192.0.2", "fd00::2"}},
                     {"last_seen_ms", kNow.unix_ms - 3000}};
  const json other = {{"name", "b"},
                      {"id", "0000000000000100"},
                      {"network", "lab"},
                      {"site", "ams"},
                      {"role", "gateway"},
                      {"state", "joining"},
                      {"addresses", json::array()},
                      {"last_seen_ms", nullptr}};

  EXPECT_EQ(
      format_list(Kind::Node, {node, other}, kNow),
      "NAME   ID                NETWORK  SITE  ROLE     STATE    ADDRESSES           SEEN\n"
      "gpu-1  00000000000000ff  lab      ams   member   up       10.192.0.2 fd00::2  3 s ago\n"
      "b      0000000000000100  lab      ams   gateway  joining  -                   -\n");
}

TEST(AdminTextTest, ShowsTheGpusOfANodeInALine) {
  const auto shown = [](const char* gpus) {
    return format_one(Kind::Node, {{"name", "gpu-1"}, {"gpus", json::parse(gpus)}}, kNow);
  };

  EXPECT_THAT(shown(R"({"driver":"580.65.06","devices":[
                  {"model":"NVIDIA H200","count":8,"memory_bytes":150754820096}]})"),
              HasSubstr("gpus       8 x NVIDIA H200, 140 GiB, driver 580.65.06\n"));
  EXPECT_THAT(shown(R"({"driver":"","devices":[]})"), HasSubstr("gpus       none\n"));
  EXPECT_THAT(shown("null"), HasSubstr("gpus       -\n"));
  EXPECT_THAT(shown(R"({"driver":"\u001b[2J"})"), HasSubstr("driver=?[2J"));
}

TEST(AdminTextTest, SaysThatThereIsNothing) {
  EXPECT_EQ(format_list(Kind::ApiKey, {}, kNow), "no API keys\n");
  EXPECT_EQ(format_list(Kind::Audit, {}, kNow), "no audit entries\n");
}

TEST(AdminTextTest, TakesWhateverTheServerSends) {
  const std::string text =
      format_list(Kind::Site, {json(7), json::object(), {{"name", {{"a", 1}}}, {"id", 1.5}}}, kNow);

  EXPECT_THAT(text, HasSubstr("a=1"));
  EXPECT_THAT(format_one(Kind::Site, json("text"), kNow), HasSubstr("name        -\n"));
}

TEST(AdminTextTest, CannotDriveTheTerminal) {
  const json network = {{"name", "a\x1b[2J"}, {"id", 1}};

  EXPECT_THAT(format_list(Kind::Network, {network}, kNow), HasSubstr("a?[2J"));
}

TEST(AdminTextTest, RefusalsAndNewThingsCannotDriveTheTerminal) {
  EXPECT_EQ(api_error(409, R"({"detail":"a\u001b[2Jb","field":"x\u0007"})").text(), "a?[2Jb (x?)");
  EXPECT_EQ(api_error(409, R"({"title":"a\u009b2J"})").text(), "a?2J");
  const json token = {{"id", "1\x1b"}, {"join_line", "curl\x1b[2J"}, {"uses", "\x1b"}};
  for (const Kind kind : {Kind::Token, Kind::ApiKey, Kind::Replica, Kind::Site}) {
    EXPECT_EQ(format_created(kind, token, kNow).find('\x1b'), std::string::npos);
  }
}

TEST(AdminTextTest, NumbersThatAreNoTimesAreShownAsTheyAre) {
  const json entry = {{"at_ms", 9'223'372'036'854'775'807}, {"actor", "a"}};
  EXPECT_THAT(format_list(Kind::Audit, {entry}, kNow), HasSubstr("9223372036854775807"));
  const json node = {{"name", "a"}, {"last_seen_ms", -9'000'000'000'000'000'000}};
  EXPECT_THAT(format_one(Kind::Node, node, kNow), HasSubstr("-9000000000000000000"));
}

TEST(AdminTextTest, AnswerThatIsNoAnswerIsRefused) {
  EXPECT_TRUE(decode_answer("").value().is_null());
  EXPECT_EQ(decode_answer("{\"a\":1}").value(), json({{"a", 1}}));
  EXPECT_THAT(decode_answer("<html>").error().text(), HasSubstr("is this a Linkspan coordinator?"));
  // As deep as this it would end the program while it is shown.
  EXPECT_FALSE(
      decode_answer("{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}").ok());
}

TEST(AdminTextTest, ShowsEveryFieldOfOneThingTheImportantFirst) {
  const json token = {{"state", "active"},
                      {"id", "0000000000000001"},
                      {"uses", 3},
                      {"created_at_ms", kNow.unix_ms - 60'000},
                      {"labels", {{"rack", "7"}}}};

  const std::string text = format_one(Kind::Token, token, kNow);

  EXPECT_EQ(text.find("id  "), 0U);
  EXPECT_THAT(text, HasSubstr("labels      rack=7\n"));
  EXPECT_THAT(text, HasSubstr("created at  2026-11-23 05:30:14 UTC, 60 s ago\n"));
}

TEST(AdminTextTest, PrintsTheWholeJoinLineWithUsesAndExpiry) {
  const json token = {{"id", "0000000000000001"},
                      {"site", "ams"},
                      {"network", "lab"},
                      {"role", "member"},
                      {"uses", 1},
                      {"expires_at_ms", kNow.unix_ms + 86'400'000},
                      {"token", "SECRET"},
                      {"join_line", "curl ... | sh -s -- SECRET"}};

  EXPECT_EQ(format_created(Kind::Token, token, kNow),
            "token 0000000000000001 for site ams of network lab, role member: 1 use, expires in 24 "
            "h (2026-11-24 05:31:14 UTC)\n"
            "\n"
            "Run on each server, as root. It holds the secret and is not shown again:\n"
            "\n"
            "  curl ... | sh -s -- SECRET\n");
}

TEST(AdminTextTest, SaysWhatWasMade) {
  EXPECT_EQ(format_created(Kind::Network,
                           {{"name", "lab"}, {"id", 1}, {"prefixes", {"10.192.0.0/12"}}}, kNow),
            "network lab, id 1, 10.192.0.0/12\n");
  EXPECT_EQ(format_created(
                Kind::Replica,
                {{"id", 4}, {"site", "ams"}, {"url", "http://r"}, {"sources", {"a", "b"}}}, kNow),
            "replica 4 at http://r serves site ams with a b\n");
}

TEST(AdminTextTest, RendersAProblemAsOneSentenceWithFieldAndValue) {
  const auto told = api_error(400, R"({"detail":"network: name: \"X\", expected lower case",)"
                                   R"("field":"name","value":"\"X\""})");
  const auto untold = api_error(409, R"({"title":"in use","field":"site","value":"\"ams\""})");

  EXPECT_EQ(told.text(), "network: name: \"X\", expected lower case");
  EXPECT_EQ(told.code(), base::Errc::Malformed);
  EXPECT_EQ(untold.text(), "in use (site: \"ams\")");
  EXPECT_EQ(untold.code(), base::Errc::Conflict);
}

TEST(AdminTextTest, DoesNotNameTheHeaderThatCarriesTheKey) {
  const auto error = api_error(403, R"({"detail":"this needs operator","field":"authorization"})");

  EXPECT_EQ(error.text(), "this needs operator");
  EXPECT_EQ(error.code(), base::Errc::Unauthenticated);
}

TEST(AdminTextTest, RendersAnAnswerThatIsNoProblem) {
  EXPECT_EQ(api_error(502, "<html>").text(), "the coordinator answered with HTTP status 502");
  EXPECT_EQ(api_error(500, "{}").text(), "the coordinator refused, HTTP status 500");
}

TEST(AdminTextTest, WritesTimes) {
  EXPECT_EQ(format_time(kNow), "2026-11-23 05:31:14");
  EXPECT_EQ(format_time({0}), "1970-01-01 00:00:00");
  EXPECT_EQ(format_distance({kNow.unix_ms + 3'600'000}, kNow), "in 60 min");
  EXPECT_EQ(format_distance({kNow.unix_ms - 5000}, kNow), "5 s ago");
}

}  // namespace
}  // namespace cli
