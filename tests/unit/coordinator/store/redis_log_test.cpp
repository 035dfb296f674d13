// What only a server over a connection can do; the rest is in event_log_test.cpp.
#include "coordinator/store/redis_log.h"

#include <optional>
#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/coordinator/store/log_worlds.h"

namespace coordinator {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RedisLogTest : public ::testing::Test {
 protected:
  RedisLog::Options options() {
    RedisLog::Options options;
    options.redis.unix_path = world_.server().socket();
    options.redis.reconnect_first = std::chrono::milliseconds(5);
    options.redis.reconnect_max = std::chrono::milliseconds(50);
    return options;
  }
  std::unique_ptr<EventLog> open_log(RedisLog::Options options) {
    auto log = world_.make_log(1, std::move(options));
    bool is_open = false;
    log->open(std::nullopt, [&](base::Result<EventLog::Opened> opened) {
      EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().text());
      is_open = true;
    });
    EXPECT_TRUE(world_.run_until([&] { return is_open; }));
    return log;
  }
  void begin_append(EventLog& log) {
    outcome_.reset();
    log.append(log.position().sequence, {{1, 2, 3}},
               [&](base::Result<EventLog::AppendOutcome> got) { outcome_ = std::move(got); });
  }
  bool is_appended() {
    EXPECT_TRUE(world_.run_until([&] { return outcome_.has_value(); }));
    return outcome_ && outcome_->ok() &&
           std::holds_alternative<EventLog::Appended>(outcome_->value());
  }

  store_test::RedisWorld world_;
  std::optional<base::Result<EventLog::AppendOutcome>> outcome_;
};

TEST_F(RedisLogTest, KeepsWhatItAcknowledgedWhenTheServerIsKilled) {
  const auto log = open_log(options());
  begin_append(*log);
  ASSERT_TRUE(is_appended());

  world_.server().kill();
  begin_append(*log);  // while nobody is there
  world_.server().start();

  EXPECT_TRUE(is_appended());
  EXPECT_EQ(log->position().sequence, 2U);
  EXPECT_EQ(world_.batches(), 2U);
}

TEST_F(RedisLogTest, WritesABatchOnceWhenItsAnswerWasLost) {
  const auto log = open_log(options());
  for (int i = 0; i < 20; ++i) {
    begin_append(*log);
    // The batch may or may not have arrived when the connection goes.
    world_.server().command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    ASSERT_TRUE(is_appended()) << outcome_->error().text();
  }

  EXPECT_EQ(log->position().sequence, 20U);
  EXPECT_EQ(world_.batches(), 20U);
}

TEST_F(RedisLogTest, GivesTheServerItsScriptsAgain) {
  const auto log = open_log(options());
  begin_append(*log);
  ASSERT_TRUE(is_appended());
  world_.server().command({"SCRIPT", "FLUSH"});

  begin_append(*log);

  EXPECT_TRUE(is_appended());
}

TEST_F(RedisLogTest, SaysThatTheOutcomeIsUnknownWhenNobodyAnswersInTime) {
  auto impatient = options();
  impatient.operation_timeout = std::chrono::milliseconds(100);
  const auto log = open_log(impatient);
  world_.server().kill();
  begin_append(*log);

  EXPECT_FALSE(is_appended());
  ASSERT_FALSE(outcome_->ok());
  EXPECT_EQ(outcome_->error().code(), base::Errc::Unavailable);
  EXPECT_EQ(log->position().sequence, 0U);
}

TEST_F(RedisLogTest, TellsAWatcherOfOthersBatchesAndNotOfItsOwn) {
  const auto log = open_log(options());
  const auto other = open_log(options());
  int told = 0;
  log->watch([&] { ++told; });
  ASSERT_TRUE(world_.run_until([&] { return told == 1; })) << "once, when it is connected";
  for (int i = 0; i < 50; ++i) {
    begin_append(*log);
    ASSERT_TRUE(is_appended());
  }
  EXPECT_EQ(told, 1);
  bool is_read = false;
  other->read(0, 1000, [&](auto&&) { is_read = true; });
  ASSERT_TRUE(world_.run_until([&] { return is_read; }));

  begin_append(*other);
  ASSERT_TRUE(is_appended());

  EXPECT_TRUE(world_.run_until([&] { return told == 2; }));
}

TEST_F(RedisLogTest, RefusesKeysThatAreNotItsOwn) {
  open_log(options());  // the server is up
  world_.wipe();
  world_.server().command({"XADD", "linkspan:log", "5-0", "b", "x"});
  const auto log = world_.make_log(1);
  std::optional<base::Result<EventLog::Opened>> opened;
  log->open(std::nullopt, [&](base::Result<EventLog::Opened> got) { opened = std::move(got); });

  ASSERT_TRUE(world_.run_until([&] { return opened.has_value(); }));

  ASSERT_FALSE(opened->ok());
  EXPECT_EQ(opened->error().text(), "log: the keys in Redis were not written by a coordinator");
}

}  // namespace
}  // namespace coordinator
