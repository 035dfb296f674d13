#include "coordinator/server/data_dir.h"

#include <gtest/gtest.h>

#include "tests/unit/overlay/loop/temporary_directory.h"

namespace coordinator {
namespace {

constexpr base::WallTime kNow{1'700'000'000'000};

class DataDirTest : public ::testing::Test {
 protected:
  DataDirTest() { crypto::init(); }

  std::string file(const std::string& name) const { return path() + "/" + name; }
  std::string path() const { return directory_.path("data"); }
  base::Result<DataDir> open() const { return DataDir::open(path(), kNow); }
  void touch(const std::string& name) const {
    ASSERT_TRUE(loop::make_directories(path(), 0700).ok());
    ASSERT_TRUE(loop::write_file_atomic(file(name), "x\n", 0600).ok());
  }
  void expect_missing(const std::string& name, const std::string& held) const {
    const auto dir = open();
    ASSERT_FALSE(dir.ok()) << name;
    EXPECT_EQ(dir.error().text(), file(name) + " is missing although " + path() + " holds " + held +
                                      "; restore it from the backup");
    EXPECT_FALSE(loop::path_exists(file(name)));
  }

  loop::TemporaryDirectory directory_;
};

TEST_F(DataDirTest, KeysAreMadeOnceAndKept) {
  crypto::IdentityPublicKey signing_key;
  crypto::Digest256 pin;
  {
    const auto first = open();
    ASSERT_TRUE(first.ok()) << first.error().text();
    EXPECT_TRUE(first.value().is_new());
    signing_key = first.value().signing_key().public_key();
    pin = first.value().pin();
  }

  const auto again = open();

  ASSERT_TRUE(again.ok()) << again.error().text();
  EXPECT_FALSE(again.value().is_new());
  EXPECT_EQ(again.value().signing_key().public_key(), signing_key);
  EXPECT_EQ(again.value().pin(), pin);
}

TEST_F(DataDirTest, KeyThatWasNotRestoredIsNamedAndNotReplaced) {
  for (const std::string name : {"log.key", "tls.key", "tls.crt", "signing.key"}) {
    ASSERT_TRUE(loop::remove_tree(path()).ok());
    ASSERT_TRUE(open().ok());
    ASSERT_TRUE(loop::remove_file(file(name)).ok());

    expect_missing(name, name == "signing.key" ? "log.key" : "signing.key");
  }
}

TEST_F(DataDirTest, LogWithoutItsKeysGetsNoNewOnes) {
  touch("fingerprint");
  expect_missing("signing.key", "fingerprint");
  ASSERT_TRUE(loop::remove_file(file("fingerprint")).ok());
  ASSERT_TRUE(loop::make_directories(file("redis"), 0700).ok());
  expect_missing("signing.key", "redis");
}

TEST_F(DataDirTest, FirstStartThatWasCutShortIsFinished) {
  { ASSERT_TRUE(open().ok()); }
  ASSERT_TRUE(loop::remove_file(file("tls.key")).ok());
  touch("unfinished");

  const auto dir = open();

  ASSERT_TRUE(dir.ok()) << dir.error().text();
  EXPECT_TRUE(dir.value().is_new());
  EXPECT_FALSE(loop::path_exists(file("unfinished")));
}

}  // namespace
}  // namespace coordinator
