#include "overlay/agent/daemon.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "overlay/agent/programs.h"
#include "overlay/loop/files.h"
#include "overlay/loop/process.h"

namespace agent {
namespace {

class DaemonTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "linkspan-daemon-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    paths_.run = directory_;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
  Paths paths_;
};

TEST_F(DaemonTest, LockAndNotTheFileSaysThatAnAgentRuns) {
  ASSERT_TRUE(loop::write_file_atomic(paths_.pid(), "1\n", 0644).ok());
  EXPECT_FALSE(running_agent(paths_).has_value());

  const auto lock = loop::FileLock::take(paths_.pid(), 0644);
  ASSERT_TRUE(lock.ok());

  EXPECT_EQ(running_agent(paths_), ::getpid());
}

TEST_F(DaemonTest, StoppingWhatDoesNotRunIsHarmless) {
  EXPECT_TRUE(stop_daemon(paths_, std::chrono::seconds(1)).ok());
}

// What holds the lock here is a shell that does not hear SIGTERM, as a mirror that is busy.
TEST_F(DaemonTest, MirrorThatDoesNotEndByItselfIsKilledAndLeavesNothing) {
  loop::Loop loop;
  std::optional<loop::Process::Exit> exit;
  auto lock = loop::FileLock::take_for_child(paths_.mirror_pid());
  ASSERT_TRUE(lock.ok());
  loop::Process::Options options;
  options.argv = {"sh", "-c", "trap '' TERM; echo ready >" + directory_ + "/ready; read forever"};
  options.log_file = directory_ + "/log";
  options.inherited_fd = lock.value().fd();
  ASSERT_EQ(::mkfifo((directory_ + "/ready").c_str(), 0600), 0);
  const auto child = loop::Process::start(loop, options, [&](auto given) { exit = given; });
  ASSERT_TRUE(child.ok());
  ASSERT_TRUE(loop::FileLock::name_holder(paths_.mirror_pid(), child.value()->pid()).ok());
  { const loop::FileLock given_away = std::move(lock).value(); }
  ASSERT_TRUE(loop::read_file(directory_ + "/ready", 100).ok());
  ASSERT_EQ(loop::FileLock::holder(paths_.mirror_pid()), child.value()->pid());

  EXPECT_TRUE(stop_mirror(paths_, std::chrono::milliseconds(1)).ok());

  EXPECT_FALSE(loop::FileLock::holder(paths_.mirror_pid()).has_value());
  while (!exit) {
    loop.run_once();
  }
  EXPECT_EQ(exit->signal, SIGKILL);
}

// The log takes the place of this process's outputs, so it is tried in a child.
TEST_F(DaemonTest, LogThatGrewTooLargeIsPutAsideOnce) {
  const std::string path = directory_ + "/agent.log";
  const pid_t child = ::fork();
  if (child == 0) {
    LogFile log(path, 100);
    bool is_good = log.open().ok();
    for (int line = 0; line < 30; ++line) {
      std::fprintf(stderr, "line %d\n", line);
      is_good = is_good && log.rotate_if_large().ok();
    }
    ::_exit(is_good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);

  EXPECT_EQ(status, 0);
  const std::string old = loop::read_file(path + ".1", 4096).value();
  const std::string now = loop::read_file(path, 4096).value();
  EXPECT_GT(old.size(), 100U);
  EXPECT_LT(old.size() + now.size(), 300U);
  EXPECT_NE((old + now).find("line 29\n"), std::string::npos);
}

TEST_F(DaemonTest, LogThatAnotherProcessPutAsideIsFollowed) {
  const std::string path = directory_ + "/agent.log";
  const pid_t child = ::fork();
  if (child == 0) {
    LogFile log(path, LogFile::kFollowed);
    bool is_good = log.open().ok();
    is_good = is_good && ::rename(path.c_str(), (path + ".1").c_str()) == 0;
    is_good = is_good && loop::write_file_atomic(path, "other\n", 0640).ok();
    is_good = is_good && log.rotate_if_large().ok();
    std::fprintf(stderr, "mine\n");
    ::_exit(is_good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);

  EXPECT_EQ(status, 0);
  EXPECT_EQ(loop::read_file(path, 4096).value(), "other\nmine\n");
}

TEST(ProgramsTest, ProgramIsFoundByNameOrByPath) {
  EXPECT_TRUE(find_program("sh").has_value());
  EXPECT_EQ(find_program("/bin/sh"), "/bin/sh");
  EXPECT_FALSE(find_program("no-such-program-anywhere").has_value());
  EXPECT_FALSE(find_program("/no/such/program").has_value());
}

}  // namespace
}  // namespace agent
