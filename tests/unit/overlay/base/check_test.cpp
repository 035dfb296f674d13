#include "overlay/base/check.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(CheckTest, ATrueConditionIsEvaluatedOnce) {
  int evaluations = 0;

  CHECK(++evaluations == 1);

  EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, AFalseConditionNamesItselfAndItsPlace) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "check_test.cpp:[0-9]+: check failed: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace base
