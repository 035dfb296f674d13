#include "overlay/loop/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/overlay/loop/temporary_directory.h"

namespace loop {
namespace {

class FilesTest : public ::testing::Test {
 protected:
  static mode_t mode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_mode & 07777U;
  }

  TemporaryDirectory directory_;
};

TEST_F(FilesTest, ReadsBackWhatWasWrittenWithItsMode) {
  const std::string path = directory_.path("key");
  ASSERT_TRUE(write_file_atomic(path, "one", 0600).ok());
  ASSERT_TRUE(write_file_atomic(path, "second", 0640).ok());

  EXPECT_EQ(read_file(path, 100).value(), "second");
  EXPECT_EQ(mode_of(path), 0640U);
  EXPECT_EQ(list_directory(directory_.path(), 10).value(), std::vector<std::string>{"key"});
}

TEST_F(FilesTest, LeavesTheOldFileWhenItCannotReplaceIt) {
  const std::string path = directory_.path("taken");
  ASSERT_TRUE(make_directories(path + "/inside", 0755).ok());

  const auto status = write_file_atomic(path, "text", 0600);

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().text(), "rename to " + path + ": is a directory");
  EXPECT_EQ(list_directory(directory_.path(), 10).value(), std::vector<std::string>{"taken"});
}

TEST_F(FilesTest, BoundsWhatItReads) {
  const std::string path = directory_.path("large");
  ASSERT_TRUE(write_file_atomic(path, std::string(100, 'x'), 0600).ok());

  EXPECT_TRUE(read_file(path, 100).ok());
  const auto result = read_file(path, 99);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), base::Errc::LimitExceeded);
  EXPECT_EQ(result.error().text(), "read " + path + ": more than 99 bytes");
}

TEST_F(FilesTest, NamesTheCallAndTheObject) {
  const std::string path = directory_.path("none");
  const auto result = read_file(path, 10);

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), base::Errc::NotFound);
  EXPECT_EQ(result.error().text(), "open " + path + ": no such file or directory");
}

TEST_F(FilesTest, MakesDirectoriesWithTheModeWhateverTheUmask) {
  const mode_t old = ::umask(077);
  const auto status = make_directories(directory_.path("a/b"), 0755);
  ::umask(old);

  ASSERT_TRUE(status.ok());
  EXPECT_EQ(mode_of(directory_.path("a")), 0755U);
  EXPECT_EQ(mode_of(directory_.path("a/b")), 0755U);
  EXPECT_TRUE(make_directories(directory_.path("a/b"), 0700).ok());
  EXPECT_EQ(mode_of(directory_.path("a/b")), 0755U);
}

TEST_F(FilesTest, RefusesADirectoryWhereAFileIs) {
  ASSERT_TRUE(append_file(directory_.path("file"), "x", 0600).ok());

  EXPECT_EQ(make_directories(directory_.path("file"), 0755).error().code(), base::Errc::Conflict);
  EXPECT_FALSE(make_directories(directory_.path("file/below"), 0755).ok());
}

TEST_F(FilesTest, AppendsAndRemoves) {
  const std::string path = directory_.path("log");
  ASSERT_TRUE(append_file(path, "a", 0600).ok());
  ASSERT_TRUE(append_file(path, "b", 0600).ok());
  EXPECT_EQ(read_file(path, 10).value(), "ab");

  EXPECT_TRUE(remove_file(path).ok());
  EXPECT_TRUE(remove_file(path).ok());
  EXPECT_FALSE(path_exists(path));
  EXPECT_TRUE(remove_tree(directory_.path("never")).ok());
}

TEST_F(FilesTest, BoundsAListing) {
  ASSERT_TRUE(append_file(directory_.path("a"), "", 0600).ok());
  ASSERT_TRUE(append_file(directory_.path("b"), "", 0600).ok());

  EXPECT_EQ(list_directory(directory_.path(), 1).error().code(), base::Errc::LimitExceeded);
}

TEST_F(FilesTest, KnowsTheFreeSpace) {
  EXPECT_GT(free_space_bytes(directory_.path()).value(), 0U);
  EXPECT_EQ(free_space_bytes(directory_.path("none")).error().code(), base::Errc::NotFound);
}

TEST_F(FilesTest, LockIsHeldOnceAndNamesItsHolder) {
  const std::string path = directory_.path("agent.pid");
  EXPECT_EQ(FileLock::holder(path), std::nullopt);
  {
    const auto lock = FileLock::take(path, 0644);
    ASSERT_TRUE(lock.ok());
    EXPECT_EQ(FileLock::holder(path), ::getpid());

    const auto second = FileLock::take(path, 0644);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code(), base::Errc::Conflict);
    EXPECT_EQ(second.error().text(),
              "lock " + path + ": held by process " + std::to_string(::getpid()));
  }
  EXPECT_EQ(FileLock::holder(path), std::nullopt);
  EXPECT_TRUE(FileLock::take(path, 0644).ok());
}

TEST_F(FilesTest, LockGoesWithAProcessThatWasKilled) {
  const std::string path = directory_.path("agent.pid");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = FileLock::take(path, 0644);
    ::raise(SIGKILL);
  }
  ::waitpid(child, nullptr, 0);

  EXPECT_EQ(FileLock::holder(path), std::nullopt);
  EXPECT_TRUE(FileLock::take(path, 0644).ok());
}

TEST_F(FilesTest, LockGivenToAChildIsHeldAsLongAsTheChildLives) {
  const std::string path = directory_.path("mirror.pid");
  int input[2];
  ASSERT_EQ(::pipe2(input, O_CLOEXEC), 0);
  pid_t child = 0;
  {
    const auto lock = FileLock::take_for_child(path);
    ASSERT_TRUE(lock.ok());
    EXPECT_EQ(FileLock::take_for_child(path).error().code(), base::Errc::Conflict);
    child = ::fork();
    if (child == 0) {
      char byte = 0;
      ::close(input[1]);
      ::_exit(::read(input[0], &byte, 1) == 0 && ::write(lock.value().fd(), "1", 1) < 0 ? 0 : 1);
    }
    ASSERT_TRUE(FileLock::name_holder(path, child).ok());
  }
  EXPECT_EQ(FileLock::holder(path), child);
  EXPECT_EQ(FileLock::take_for_child(path).error().text(),
            "lock " + path + ": held by process " + std::to_string(child));

  ::close(input[1]);
  ::close(input[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);

  EXPECT_EQ(status, 0) << "and cannot write who holds it";
  EXPECT_EQ(FileLock::holder(path), std::nullopt);
  EXPECT_TRUE(FileLock::take_for_child(path).ok());
}

}  // namespace
}  // namespace loop
