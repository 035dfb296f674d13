#include "overlay/loop/tool.h"

#include <string>

#include <gtest/gtest.h>

namespace loop {
namespace {

using namespace std::chrono_literals;

TEST(ToolTest, GivesTheOutput) {
  const auto output = run_tool({.argv = {"cat"}, .input = "key\n"});

  ASSERT_TRUE(output.ok()) << output.error().text();
  EXPECT_EQ(output.value(), "key\n");
}

TEST(ToolTest, ExitStatusIsAnErrorWithTheLastLineOfStderr) {
  const auto output = run_tool({.argv = {"sh", "-c", "echo one >&2; echo two >&2; exit 3"}});

  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code(), base::Errc::Unavailable);
  EXPECT_EQ(output.error().text(), "sh -c: exit status 3: two");
}

TEST(ToolTest, ProgramThatIsNotThereIsNotFound) {
  const auto output = run_tool({.argv = {"no-such-program"}});

  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code(), base::Errc::NotFound);
}

TEST(ToolTest, IsKilledAtItsDeadline) {
  const auto output = run_tool({.argv = {"sleep", "60"}, .timeout = 20ms});

  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().text(), "sleep: killed, no end after 20 ms");
}

TEST(ToolTest, GrandchildThatKeepsTheOutputIsNotWaitedFor) {
  const auto output = run_tool({.argv = {"sh", "-c", "sleep 2 & echo started"}, .timeout = 1900ms});

  ASSERT_TRUE(output.ok()) << output.error().text();
  EXPECT_EQ(output.value(), "started\n");
}

TEST(ToolTest, OutputOverItsBoundIsRefused) {
  const auto output =
      run_tool({.argv = {"head", "-c", "300000", "/dev/zero"}, .output_bytes_max = 200000});

  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code(), base::Errc::LimitExceeded);
}

TEST(ToolTest, ChildHasNoDescriptorsOfOurs) {
  const auto output = run_tool({.argv = {"sh", "-c", "echo /proc/$$/fd/*"}});

  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output.value().find("/fd/9"), std::string::npos);
}

}  // namespace
}  // namespace loop
