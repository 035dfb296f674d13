#include "overlay/base/log.h"

#include <gtest/gtest.h>

namespace base {
namespace {

// What `write` prints on standard error.
template <typename Write>
std::string printed(Write write) {
  ::testing::internal::CaptureStderr();
  write();
  return ::testing::internal::GetCapturedStderr();
}

TEST(LogTest, ALineHasTimeProgramLevelAndTextAndStaysOneLine) {
  log_open("log-test", LogLevel::Info);

  const std::string lines = printed([] {
    log_info("peer said {} %s \n\x1b[31mroot\t");
    log_debug("below the level");
    log_error("second");
  });

  EXPECT_NE(lines.find("Z log-test info peer said {} %s   [31mroot \n"), std::string::npos)
      << lines;
  EXPECT_NE(lines.find("Z log-test error second\n"), std::string::npos) << lines;
  EXPECT_EQ(lines.find("below"), std::string::npos);
}

}  // namespace
}  // namespace base
