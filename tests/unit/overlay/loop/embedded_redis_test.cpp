#include "overlay/loop/embedded_redis.h"

#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/overlay/loop/temporary_directory.h"

namespace loop {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class EmbeddedRedisTest : public ::testing::Test {
 protected:
  std::string directory() const { return temp_.path() + "/redis"; }

  base::Result<std::unique_ptr<EmbeddedRedis>> start() {
    return EmbeddedRedis::start(loop_, {.directory = directory()}, random_, {});
  }
  template <typename Predicate>
  bool run_until(Predicate is_done) {
    const base::TimePoint late_at = loop_.now() + std::chrono::seconds(30);
    while (!is_done() && loop_.now() < late_at) {
      Timer tick(loop_, [] {});
      tick.start_after(std::chrono::milliseconds(10));
      loop_.run_once();
    }
    return is_done();
  }
  bool run_until_running(const EmbeddedRedis& redis) {
    return run_until([&] { return redis.state() == EmbeddedRedis::State::Running; });
  }
  std::string ask(const EmbeddedRedis& redis, std::vector<std::string> words) {
    Redis::Options options;
    options.unix_path = redis.socket_path();
    Redis connection(loop_, options, random_, {});
    std::optional<std::string> text;
    run_until([&] { return connection.state() == Redis::State::Ready; });
    connection.command(std::move(words), [&](base::Result<RedisReply> reply) {
      text = reply.ok() ? reply.value().text : reply.error().text();
    });
    run_until([&] { return text.has_value(); });
    return text.value_or("no answer");
  }

  TemporaryDirectory temp_;
  Loop loop_;
  base::SeededRandom random_{3};
};

TEST_F(EmbeddedRedisTest, StartsAServerThatOnlyItsOwnerReaches) {
  const auto redis = std::move(start()).value();

  ASSERT_TRUE(run_until_running(*redis)) << redis->why().error().text();

  EXPECT_EQ(ask(*redis, {"SET", "x", "1"}), "OK");
  struct stat status {};
  ASSERT_EQ(::stat(directory().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat(redis->socket_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(EmbeddedRedisTest, StartsAServerThatDiedAgainWithItsData) {
  const auto redis = std::move(start()).value();
  ASSERT_TRUE(run_until_running(*redis));
  ask(*redis, {"SET", "x", "kept"});

  ::kill(redis->pid(), SIGKILL);

  ASSERT_TRUE(run_until([&] { return redis->restarts() == 1; }));
  EXPECT_THAT(redis->why().error().text(), HasSubstr("redis-server"));
  ASSERT_TRUE(run_until_running(*redis));
  EXPECT_EQ(ask(*redis, {"GET", "x"}), "kept");
}

TEST_F(EmbeddedRedisTest, StopsItsServerAndTellsWhenItHasEnded) {
  const auto redis = std::move(start()).value();
  ASSERT_TRUE(run_until_running(*redis));
  const int pid = redis->pid();
  bool is_stopped = false;

  redis->stop([&] { is_stopped = true; });

  ASSERT_TRUE(run_until([&] { return is_stopped; }));
  EXPECT_EQ(redis->state(), EmbeddedRedis::State::Stopped);
  EXPECT_EQ(::kill(pid, 0), -1);
}

// What a program that was killed leaves, where the kernel did not tell its server.
TEST_F(EmbeddedRedisTest, EndsAServerThatWasLeftBehindAndKeepsItsData) {
  {
    const auto first = std::move(start()).value();  // makes the directory
    ASSERT_TRUE(run_until_running(*first));
    ask(*first, {"SET", "x", "kept"});
  }
  const std::string configuration = directory() + "/redis.conf";
  const pid_t orphan = ::fork();
  if (orphan == 0) {
    ::execlp("redis-server", "redis-server", configuration.c_str(), nullptr);
    ::_exit(127);
  }
  ASSERT_TRUE(run_until([&] {
    std::ifstream file(directory() + "/redis.pid");
    std::stringstream text;
    text << file.rdbuf();
    return text.str() == std::to_string(orphan) + "\n";
  }));

  const auto redis = std::move(start()).value();

  int reaped = 0;
  ASSERT_TRUE(run_until(
      [&] { return reaped != 0 || (reaped = ::waitpid(orphan, nullptr, WNOHANG)) != 0; }));
  ASSERT_TRUE(run_until_running(*redis));
  EXPECT_NE(redis->pid(), orphan);
  EXPECT_EQ(ask(*redis, {"GET", "x"}), "kept");
}

TEST_F(EmbeddedRedisTest, LeavesTheDirectoryToTheProgramThatHasIt) {
  const auto first = std::move(start()).value();

  const auto second = start();

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), base::Errc::Conflict);
  EXPECT_THAT(second.error().text(), StartsWith("redis directory in use: "));
}

TEST_F(EmbeddedRedisTest, RefusesADirectoryWithFilesOfOthers) {
  ASSERT_EQ(::mkdir(directory().c_str(), 0700), 0);
  std::ofstream(directory() + "/dump.rdb") << "theirs";

  const auto refused = start();

  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().text(), directory() +
                                        ": holds dump.rdb and was not made by this "
                                        "program, expected an empty directory");
}

TEST_F(EmbeddedRedisTest, SaysWhyItsServerDoesNotStart) {
  const auto redis =
      std::move(EmbeddedRedis::start(loop_, {.directory = directory(), .program = "no-such-redis"},
                                     random_, {}))
          .value();

  ASSERT_TRUE(run_until([&] { return !redis->why().ok(); }));
  EXPECT_THAT(redis->why().error().text(), HasSubstr("redis"));
  EXPECT_EQ(redis->state(), EmbeddedRedis::State::Starting);
}

TEST(RedisDirectoryTest, HasAnAbsoluteShortAndPlainPath) {
  EXPECT_TRUE(check_redis_directory("/var/lib/linkspan coordinator/redis").ok());
  EXPECT_EQ(check_redis_directory("redis").error().text(),
            "redis directory redis: expected an absolute path");
  EXPECT_THAT(check_redis_directory("/" + std::string(97, 'x')).error().text(),
              HasSubstr("its socket's path has 109 bytes, a socket's path may have 107"));
  EXPECT_FALSE(check_redis_directory("/a\"b").ok());
}

TEST(RedisConfigurationTest, IsDurableAndListensOnNoPort) {
  const std::string text = redis_configuration("/d");

  EXPECT_THAT(text, HasSubstr("\nport 0\n"));
  EXPECT_THAT(text, HasSubstr("\nappendonly yes\nappendfsync always\n"));
  EXPECT_THAT(text, HasSubstr("\nunixsocket \"/d/redis.sock\"\nunixsocketperm 700\n"));
  EXPECT_THAT(text, HasSubstr("\nmaxmemory-policy noeviction\n"));
}

}  // namespace
}  // namespace loop
