#include "overlay/loop/redis.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/loop/timer.h"
#include "tests/unit/overlay/loop/raw_server.h"

namespace loop {
namespace {

using namespace std::chrono_literals;
using loop_test::Connection;
using loop_test::RawServer;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr const char* kMaster = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";

// Answers the greeting, then gives every further command to `answer`.
RawServer::Handler serving(
    std::function<bool(Connection&, const std::vector<std::string>&)> answer) {
  return [answer = std::move(answer)](Connection& connection) {
    for (;;) {
      const auto words = connection.read_command();
      if (words.empty()) {
        return;
      }
      if (words[0] == "PING") {
        connection.send("+PONG\r\n");
      } else if (words[0] == "ROLE") {
        connection.send(kMaster);
      } else if (!answer(connection, words)) {
        return;
      }
    }
  };
}

class RedisTest : public ::testing::Test {
 protected:
  template <typename Predicate>
  void run_until(Predicate is_done) {
    const base::TimePoint late_at = loop_.now() + 10s;
    while (!is_done() && loop_.now() < late_at) {
      Timer tick(loop_, [] {});
      tick.start_after(10ms);
      loop_.run_once();
    }
    ASSERT_TRUE(is_done()) << "nothing happened for 10 s";
  }

  void connect(Redis::Options options) {
    options.reconnect_first = 5ms;
    options.reconnect_max = 20ms;
    redis_ = std::make_unique<Redis>(loop_, std::move(options), random_,
                                     [this](Redis::State state) { states_.push_back(state); });
  }
  void connect(const RawServer& server) { connect(options_of(server)); }
  void wait_for_ready() {
    run_until([&] { return redis_->state() == Redis::State::Ready; });
  }
  static Redis::Options options_of(const RawServer& server) {
    Redis::Options options;
    options.host = "127.0.0.1";
    options.port = static_cast<std::uint16_t>(server.port());
    return options;
  }

  base::Result<RedisReply> ask(std::vector<std::string> words) {
    std::optional<base::Result<RedisReply>> reply;
    redis_->command(std::move(words), [&](base::Result<RedisReply> got) { reply = got; });
    EXPECT_FALSE(reply.has_value()) << "answered inside command()";
    run_until([&] { return reply.has_value(); });
    return reply.value_or(base::Error(base::Errc::NotFound, "none"));
  }

  Loop loop_;
  base::SeededRandom random_{1};
  std::vector<Redis::State> states_;
  std::unique_ptr<Redis> redis_;
};

TEST_F(RedisTest, GivesEachKindOfReplyInTheOrderOfTheCommands) {
  const RawServer server(
      serving([](Connection& connection, const auto& words) { return connection.send(words[1]); }));
  connect(server);
  wait_for_ready();
  std::vector<RedisReply> replies;
  const std::vector<std::string> wire = {"$3\r\na\r\n\r\n", ":-7\r\n", "$-1\r\n", "-ERR no\r\n",
                                         "*2\r\n+OK\r\n*1\r\n:1\r\n"};
  for (const std::string& bytes : wire) {
    redis_->command({"ECHO", bytes}, [&](base::Result<RedisReply> reply) {
      replies.push_back(std::move(reply).value());
    });
  }
  EXPECT_EQ(redis_->in_flight(), wire.size());

  run_until([&] { return replies.size() == wire.size(); });

  EXPECT_EQ(replies[0].kind, RedisReply::Kind::Text);
  EXPECT_EQ(replies[0].text, "a\r\n");
  EXPECT_EQ(replies[1].integer, -7);
  EXPECT_TRUE(replies[2].is_nil());
  EXPECT_TRUE(replies[3].is_error());
  EXPECT_EQ(replies[3].text, "ERR no");
  ASSERT_EQ(replies[4].items.size(), 2U);
  EXPECT_EQ(replies[4].items[0].text, "OK");
  EXPECT_EQ(replies[4].items[1].items[0].integer, 1);
}

TEST_F(RedisTest, SaysThatItIsNotConnectedAndWhy) {
  int port = 0;
  {
    port = RawServer([](Connection&) {}).port();
  }
  Redis::Options options;
  options.host = "127.0.0.1";
  options.port = static_cast<std::uint16_t>(port);
  connect(options);
  run_until([&] { return redis_->state() == Redis::State::Waiting; });

  const auto reply = ask({"GET", "x"});

  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code(), base::Errc::Unavailable);
  EXPECT_THAT(reply.error().text(), HasSubstr("not connected"));
  EXPECT_THAT(redis_->why().error().text(), HasSubstr("Connection refused"));
}

TEST_F(RedisTest, EndsCommandsInFlightAsUnknownWhenTheConnectionBreaksAndConnectsAgain) {
  int gets = 0;
  const RawServer server(serving([&](Connection& connection, const auto&) {
    return ++gets > 1 && connection.send("$1\r\nx\r\n");  // hangs up on the first
  }));
  connect(server);
  wait_for_ready();

  const auto first = ask({"GET", "x"});
  wait_for_ready();
  const auto second = ask({"GET", "x"});

  ASSERT_FALSE(first.ok());
  EXPECT_THAT(first.error().text(), EndsWith(": outcome unknown"));
  EXPECT_EQ(second.value().text, "x");
  EXPECT_THAT(states_, ElementsAre(Redis::State::Ready, Redis::State::Waiting,
                                   Redis::State::Connecting, Redis::State::Ready));
}

TEST_F(RedisTest, BreaksAConnectionThatDoesNotAnswerInTime) {
  const RawServer server(serving([](Connection&, const auto&) { return true; }));  // silent
  Redis::Options options = options_of(server);
  options.command_timeout = 40ms;
  connect(options);
  wait_for_ready();

  const auto reply = ask({"GET", "x"});

  EXPECT_THAT(reply.error().text(), EndsWith("no reply in time: outcome unknown"));
}

TEST_F(RedisTest, WaitsUntilTheServerHasLoadedAndIsAMaster) {
  int connections = 0;
  const RawServer server([&](Connection& connection) {
    const int number = ++connections;
    while (!connection.read_command().empty()) {
      connection.send(number == 1 ? "-LOADING data\r\n" : "+PONG\r\n");
      connection.read_command();
      connection.send(number == 2 ? "*1\r\n$5\r\nslave\r\n" : kMaster);
    }
  });
  connect(server);

  wait_for_ready();

  EXPECT_EQ(connections, 3);
}

TEST_F(RedisTest, ConnectsAnewWhenItsMasterWasDemoted) {
  const RawServer server(serving([](Connection& connection, const auto&) {
    return connection.send("-READONLY You can't write against a read only replica.\r\n");
  }));
  connect(server);
  wait_for_ready();

  const auto reply = ask({"SET", "x", "y"});

  EXPECT_TRUE(reply.value().is_error());
  run_until([&] { return redis_->state() != Redis::State::Ready; });
}

TEST_F(RedisTest, AsksSentinelsInTurnForTheMaster) {
  const RawServer master(
      serving([](Connection& connection, const auto&) { return connection.send("$2\r\nhi\r\n"); }));
  std::vector<std::string> asked;
  const RawServer sentinel([&](Connection& connection) {
    asked = connection.read_command();
    const std::string port = std::to_string(master.port());
    connection.send("*2\r\n$9\r\n127.0.0.1\r\n$" + std::to_string(port.size()) + "\r\n" + port +
                    "\r\n");
    connection.wait_for_close();
  });
  Redis::Options options;
  options.sentinels = {{"127.0.0.1", 1},
                       {"127.0.0.1", static_cast<std::uint16_t>(sentinel.port())}};
  options.sentinel_master = "linkspan";
  connect(options);

  wait_for_ready();

  EXPECT_EQ(ask({"GET", "x"}).value().text, "hi");
  EXPECT_THAT(asked, ElementsAre("SENTINEL", "get-master-addr-by-name", "linkspan"));
}

TEST_F(RedisTest, RefusesMoreCommandsThanItsLimit) {
  const RawServer server(serving([](Connection&, const auto&) { return true; }));
  connect(server);
  wait_for_ready();
  for (std::size_t i = 0; i < Redis::kInFlightMax; ++i) {
    redis_->command({"GET", "x"}, [](auto&&) {});
  }

  const auto reply = ask({"GET", "x"});

  EXPECT_EQ(reply.error().code(), base::Errc::LimitExceeded);
}

TEST_F(RedisTest, MayBeDestroyedFromACallback) {
  const RawServer server(
      serving([](Connection& connection, const auto&) { return connection.send("$1\r\nx\r\n"); }));
  connect(server);
  wait_for_ready();
  bool is_second_called = false;
  redis_->command({"GET", "x"}, [&](auto&&) { redis_.reset(); });
  redis_->command({"GET", "x"}, [&](auto&&) { is_second_called = true; });

  run_until([&] { return redis_ == nullptr; });

  EXPECT_FALSE(is_second_called);
}

}  // namespace
}  // namespace loop
