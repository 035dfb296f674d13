#include "mirror/oci/range.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

using Kind = RangeAnswer::Kind;

struct RangeCase {
  std::string header;
  std::uint64_t size_bytes;
  Kind kind;
  ByteRange range;
};
class AnswersRange : public ::testing::TestWithParam<RangeCase> {};

TEST_P(AnswersRange, AsRfc9110Says) {
  const auto answer = answer_range(GetParam().header, GetParam().size_bytes);
  EXPECT_EQ(answer.kind, GetParam().kind);
  if (GetParam().kind == Kind::Partial) {
    EXPECT_EQ(answer.range, GetParam().range);
  }
}

INSTANTIATE_TEST_SUITE_P(Range, AnswersRange,
                         ::testing::Values(RangeCase{"", 100, Kind::Whole, {}},
                                           RangeCase{"bytes=0-0", 100, Kind::Partial, {0, 0}},
                                           RangeCase{"bytes=0-99", 100, Kind::Partial, {0, 99}},
                                           RangeCase{"bytes=10-", 100, Kind::Partial, {10, 99}},
                                           RangeCase{"bytes=10-1000", 100, Kind::Partial, {10, 99}},
                                           RangeCase{"bytes=-5", 100, Kind::Partial, {95, 99}},
                                           RangeCase{"bytes=-500", 100, Kind::Partial, {0, 99}},
                                           RangeCase{" bytes= 1-2 ", 100, Kind::Partial, {1, 2}},
                                           RangeCase{"bytes=100-", 100, Kind::Unsatisfiable, {}},
                                           RangeCase{"bytes=100-200", 100, Kind::Unsatisfiable, {}},
                                           RangeCase{"bytes=-0", 100, Kind::Unsatisfiable, {}},
                                           RangeCase{"bytes=0-", 0, Kind::Unsatisfiable, {}},
                                           RangeCase{"bytes=-1", 0, Kind::Unsatisfiable, {}},
                                           RangeCase{"bytes=5-4", 100, Kind::Whole, {}},
                                           RangeCase{"bytes=a-b", 100, Kind::Whole, {}},
                                           RangeCase{"bytes=0-1,5-6", 100, Kind::Whole, {}},
                                           RangeCase{"items=0-1", 100, Kind::Whole, {}},
                                           RangeCase{"bytes=-", 100, Kind::Whole, {}},
                                           RangeCase{"bytes=", 100, Kind::Whole, {}},
                                           RangeCase{
                                               "bytes=18446744073709551616-", 100, Kind::Whole, {}},
                                           RangeCase{"bytes=+1-2", 100, Kind::Whole, {}}));

TEST(ContentRangeTest, ParsesAndFormatsTheSameText) {
  for (const char* text : {"bytes 0-99/1000", "bytes 5-5/*", "bytes */1000"}) {
    const auto value = parse_content_range(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ(format_content_range(value.value()), text);
  }
}

TEST(ContentRangeTest, RefusesWhatDoesNotAddUp) {
  for (const char* text : {"", "bytes 0-99", "bytes 9-5/10", "bytes 0-10/10", "bytes */*", "0-1/2",
                           "bytes -1-2/3", "bytes 1/2", "bytes 0-1/x", "bytes=0-1/2"}) {
    EXPECT_FALSE(parse_content_range(text).ok()) << text;
  }
  EXPECT_EQ(parse_content_range("bytes 9-5/10").error().text(),
            "content-range: \"bytes 9-5/10\", expected bytes <first>-<last>/<size>");
}

}  // namespace
}  // namespace mirror
