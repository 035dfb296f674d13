#include "mirror/oci/retry_after.h"

#include <gtest/gtest.h>

namespace mirror {
namespace {

using namespace std::chrono_literals;
constexpr base::WallTime kNow{1'792'567'680'000};  // 2026-10-21 07:28:00 UTC

TEST(RetryAfterTest, SecondsAndDatesAreUnderstood) {
  EXPECT_EQ(parse_retry_after("120", kNow), base::Duration(120s));
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2026 07:28:30 GMT", kNow), base::Duration(30s));
}

TEST(RetryAfterTest, ThePastAndNonsenseMeanNoWait) {
  for (const char* text : {"", "soon", "-5", "Wed, 21 Oct 2015 07:28:00 GMT",
                           "Wed, 99 Oct 2026 07:28:00 GMT", "Wed, 21 Xxx 2026 07:28:00 GMT",
                           "Wed, 21 Oct 2026 99:28:00 GMT", "Wed, 21 Oct 2026 07:28:00 CET"}) {
    EXPECT_EQ(parse_retry_after(text, kNow), base::Duration::zero()) << text;
  }
}

}  // namespace
}  // namespace mirror
