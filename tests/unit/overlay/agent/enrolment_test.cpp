#include "overlay/agent/enrolment.h"

#include <gtest/gtest.h>

#include "overlay/agent/coordinator_api.h"
#include "overlay/base/bytes.h"
#include "overlay/model/request_signature.h"

namespace agent {
namespace {

constexpr const char* kUrl = "https://c.example:7750";

loop::HttpResponse answer(int status, std::string body) {
  loop::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string refusal(int status, std::string body) {
  const auto outcome = judge_enrolment(answer(status, std::move(body)), kUrl);
  const auto* const refused = std::get_if<Refused>(&outcome);
  return refused != nullptr ? refused->why : "";
}

std::string unknown(const base::Result<loop::HttpResponse>& given) {
  const auto outcome = judge_enrolment(given, kUrl);
  const auto* const why = std::get_if<Unknown>(&outcome);
  return why != nullptr ? why->why : "";
}

TEST(EnrolmentTest, RefusalIsTheProblemsDetailInOneSentence) {
  EXPECT_EQ(refusal(403, R"({"title":"Token expired","detail":"the token expired 3 h ago"})"),
            "the coordinator at https://c.example:7750 refused: the token expired 3 h ago");
  EXPECT_EQ(refusal(403, R"({"title":"Token expired"})"),
            "the coordinator at https://c.example:7750 refused: Token expired");
  EXPECT_EQ(refusal(404, "<html>"),
            "the coordinator at https://c.example:7750 refused: HTTP status 404");
}

TEST(EnrolmentTest, WrongPinIsRefusedForGood) {
  const auto outcome =
      judge_enrolment(base::Error(base::Errc::Unauthenticated, "pin mismatch"), kUrl);

  ASSERT_TRUE(std::holds_alternative<Refused>(outcome));
  EXPECT_EQ(
      std::get<Refused>(outcome).why,
      "the coordinator at https://c.example:7750 is not the one that this token is for: its key "
      "does not match the pin");
}

TEST(EnrolmentTest, NoAnswerAndLaterAreUnknown) {
  EXPECT_EQ(unknown(base::Error(base::Errc::Unavailable, "timed out")),
            "the coordinator at https://c.example:7750 did not answer: timed out");
  for (const int status : {408, 425, 429, 500, 502, 503}) {
    EXPECT_NE(unknown(answer(status, "")), "") << status;
  }
}

TEST(EnrolmentTest, AnswerThatMakesNoSenseIsUnknown) {
  EXPECT_NE(unknown(answer(200, "{}")), "");
}

TEST(EnrolmentTest, RefusalCannotDriveTheTerminal) {
  EXPECT_EQ(refusal_text(403, "{\"detail\":\"a\\u001b[2Jb\\nc\"}"), "a[2Jbc");
  EXPECT_LE(refusal_text(403, "{\"detail\":\"" + std::string(5000, 'x') + "\"}").size(), 512U);
}

TEST(HostNameTest, FirstLabelBecomesADnsLabel) {
  EXPECT_EQ(label_of_host_name("Web-01.example.org"), "web-01");
  EXPECT_EQ(label_of_host_name("gpu_host 7"), "gpu-host-7");
  EXPECT_EQ(label_of_host_name("-edge-"), "edge");
  EXPECT_EQ(label_of_host_name("..."), "");
  EXPECT_EQ(label_of_host_name(std::string(100, 'a')).size(), 63U);
}

class SignedRequestTest : public ::testing::Test {
 protected:
  SignedRequestTest() : identity_(make_identity()) {
    identity_.coordinator = kUrl;
    identity_.host = {.machine_id = "m1", .boot_id = "b1"};
  }

  static std::string header(const loop::HttpRequest& request, std::string_view name) {
    for (const auto& header : request.headers) {
      if (header.name == name) {
        return header.value;
      }
    }
    return "";
  }

  Identity identity_;
};

TEST_F(SignedRequestTest, VerifiesWithTheIdentityKey) {
  const auto request = signed_post(identity_, "/v1/enrol", "{}", {.unix_ms = 5000});
  const auto claim =
      model::parse_request_headers({.node = header(request, model::kNodeHeader),
                                    .time = header(request, model::kTimeHeader),
                                    .host = header(request, model::kHostHeader),
                                    .signature = header(request, model::kSignatureHeader)});
  ASSERT_TRUE(claim.ok()) << claim.error().text();

  const auto status = model::verify_request(
      identity_.identity_key.public_key(), claim.value(),
      {.method = "POST", .target = "/v1/enrol", .body = base::as_bytes("{}")}, {.unix_ms = 5000});

  EXPECT_TRUE(status.ok()) << status.error().text();
  EXPECT_EQ(claim.value().host, identity_.host);
  EXPECT_EQ(claim.value().node, identity_.identity_key.public_key().text());
  EXPECT_EQ(request.url, "https://c.example:7750/v1/enrol");
  EXPECT_EQ(request.pinned_spki, identity_.pin);
}

TEST_F(SignedRequestTest, GoesOverHttp1) {
  identity_.enrolment = model::EnrolResponse{};

  EXPECT_TRUE(signed_view_request(identity_, {}, {.unix_ms = 1}).http1_only);
  EXPECT_TRUE(signed_post(identity_, "/v1/report", "{}", {.unix_ms = 1}).http1_only);
}

TEST_F(SignedRequestTest, EnrolledNodeSpeaksUnderItsId) {
  identity_.enrolment = model::EnrolResponse{};
  identity_.enrolment->node_id = {.value = 42};

  const auto request = signed_view_request(identity_, {.epoch = 7, .sequence = 9}, {.unix_ms = 1});

  EXPECT_EQ(header(request, model::kNodeHeader), "000000000000002a");
  EXPECT_EQ(request.url, "https://c.example:7750/v1/view?epoch=7&sequence=9");
  EXPECT_FALSE(request.total_timeout.has_value());
}

TEST(RequestClockTest, TimesAscendEvenWhenTheClockDoesNot) {
  RequestClock clock;

  EXPECT_EQ(clock.next({.unix_ms = 100}).unix_ms, 100);
  EXPECT_EQ(clock.next({.unix_ms = 100}).unix_ms, 101);
  EXPECT_EQ(clock.next({.unix_ms = 50}).unix_ms, 102);
  EXPECT_EQ(clock.next({.unix_ms = 900}).unix_ms, 900);
}

}  // namespace
}  // namespace agent
