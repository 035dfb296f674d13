#include "mirror/registry/answer_check.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

loop::HttpHead head_of(int status, std::vector<loop::HttpHeader> headers = {}) {
  loop::HttpHead head;
  head.status = status;
  head.headers = std::move(headers);
  return head;
}

template <typename T>
void expect_means(const loop::HttpHead& head) {
  const auto outcome = outcome_of(head, base::WallTime{0});
  ASSERT_TRUE(outcome.has_value()) << head.status;
  EXPECT_TRUE(std::holds_alternative<T>(*outcome)) << head.status;
}

TEST(AnswerCheckTest, ContentIsNoOutcomeYet) {
  EXPECT_FALSE(outcome_of(head_of(200), base::WallTime{0}).has_value());
  EXPECT_FALSE(outcome_of(head_of(206), base::WallTime{0}).has_value());
}

TEST(AnswerCheckTest, ARefusalOfOneRequestIsNotAFailureOfTheReplica) {
  for (const int status : {400, 406, 410, 416, 451}) {
    expect_means<Unfit>(head_of(status));
  }
}

TEST(AnswerCheckTest, WhatAReplicaCannotDoForAnybodyIsAFailure) {
  for (const int status : {302, 408, 418, 500, 502, 503, 504}) {
    expect_means<Failed>(head_of(status));
  }
  expect_means<Failed>(head_of(200, {{"content-type", "text/html; charset=utf-8"}}));
  expect_means<Failed>(head_of(200, {{"content-encoding", "gzip"}}));
}

TEST(AnswerCheckTest, AbsenceDenialAndPressureAreToldApart) {
  expect_means<NotFound>(head_of(404));
  expect_means<Denied>(head_of(401));
  expect_means<Denied>(head_of(403));
  const auto busy = outcome_of(head_of(429, {{"retry-after", "7"}}), base::WallTime{0});
  EXPECT_EQ(std::get<Busy>(*busy).retry_after, std::chrono::seconds(7));
}

struct PartCase {
  std::string name;
  loop::HttpHead head;
  base::Errc code;
  std::string text;
};
class RefusesPart : public ::testing::TestWithParam<PartCase> {};

// The blob is wanted from byte 7 on and known to have 100 bytes.
TEST_P(RefusesPart, WithTheReason) {
  const auto part = blob_part_of(GetParam().head, 7, 100);
  ASSERT_FALSE(part.ok());
  EXPECT_EQ(part.error().code(), GetParam().code);
  EXPECT_EQ(part.error().text(), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    AnswerCheck, RefusesPart,
    ::testing::Values(
        PartCase{"NoLength", head_of(200), base::Errc::Malformed, "200 without a length"},
        PartCase{"NoRange", head_of(206), base::Errc::Malformed, "206 without Content-Range"},
        PartCase{"BeginsElsewhere", head_of(206, {{"content-range", "bytes 5-99/100"}}),
                 base::Errc::Malformed, "206 begins at 5, expected 7"},
        PartCase{"EndsEarly", head_of(206, {{"content-range", "bytes 7-98/100"}}),
                 base::Errc::Malformed, "206 ends at 98 of 100, expected the end"},
        PartCase{"AnotherLength",
                 head_of(206, {{"content-range", "bytes 7-99/100"}, {"content-length", "92"}}),
                 base::Errc::Malformed, "206 of 92 bytes, expected 93"},
        PartCase{"AnotherSize", head_of(206, {{"content-range", "bytes 7-98/99"}}),
                 base::Errc::Conflict, "a blob of 99 bytes, expected 100"},
        PartCase{"TooLarge", head_of(200, {{"content-length", "1099511627777"}}),
                 base::Errc::LimitExceeded,
                 "a blob of 1099511627777 bytes, expected at most 1099511627776"}),
    [](const auto& test) { return test.param.name; });

TEST(AnswerCheckTest, PartsThatFitSayWhereTheyBegin) {
  const auto rest = blob_part_of(head_of(206, {{"content-range", "bytes 7-99/100"}}), 7, 100);
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(rest.value().first, 7u);
  EXPECT_EQ(rest.value().size_bytes, 100u);

  const auto whole = blob_part_of(head_of(200, {{"content-length", "100"}}), 7, std::nullopt);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole.value().first, 0u);
}

}  // namespace
}  // namespace mirror
