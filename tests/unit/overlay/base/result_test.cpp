#include "overlay/base/result.h"

#include <memory>

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(ErrorTest, ContextReadsFromWideToNarrow) {
  const Error error(Errc::Malformed, "version 9, expected 1");

  const Error placed = error.within("offset 4").within("hello").within("peer 7");

  EXPECT_EQ(placed.text(), "peer 7: hello: offset 4: version 9, expected 1");
  EXPECT_EQ(placed.code(), Errc::Malformed);
  EXPECT_EQ(error.text(), "version 9, expected 1");
}

TEST(ResultTest, HoldsEitherAValueOrAnError) {
  const Result<int> good = 7;
  const Result<int> bad = Error(Errc::NotFound, "no seven");

  EXPECT_TRUE(good.ok());
  EXPECT_EQ(good.value(), 7);
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code(), Errc::NotFound);
}

TEST(ResultTest, GivesAwayWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);

  const std::unique_ptr<int> taken = std::move(result).value();

  EXPECT_EQ(*taken, 7);
}

TEST(ResultDeathTest, ReadingTheSideThatIsNotThereEndsTheProcess) {
  const Result<int> good = 7;
  const Result<int> bad = Error(Errc::NotFound, "no seven");
  const Status done;

  EXPECT_DEATH((void)bad.value(), "check failed: ok\\(\\)");
  EXPECT_DEATH((void)good.error(), "check failed: !ok\\(\\)");
  EXPECT_DEATH((void)done.error(), "check failed: !ok\\(\\)");
}

}  // namespace
}  // namespace base
