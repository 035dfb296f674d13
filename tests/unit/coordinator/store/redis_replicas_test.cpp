// The log on a Redis with replicas: what is acknowledged, and what survives a fail-over. Real
// servers and a real Sentinel on loopback ports.
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include <gtest/gtest.h>

#include "coordinator/store/redis_log.h"
#include "overlay/loop/timer.h"
#include "tests/unit/coordinator/store/log_worlds.h"

namespace coordinator {
namespace {

using loop::free_port;
using loop::RedisServer;
using Outcome = base::Result<EventLog::AppendOutcome>;

constexpr const char* kNoReplica = "log: 0 replicas of Redis confirmed it within 50 ms, expected 1";

template <typename What>
bool is(const Outcome& outcome) {
  return outcome.ok() && std::holds_alternative<What>(outcome.value());
}

class RedisReplicasTest : public ::testing::Test {
 protected:
  RedisReplicasTest() : random_(7), primary_(free_port(), {"--repl-diskless-sync-delay", "0"}) {
    wait_for([&] { return primary_.is_answering(); });
  }

  void start_replica() {
    replica_.emplace(
        free_port(),
        std::vector<std::string>{"--replicaof", "127.0.0.1 " + std::to_string(primary_.port())});
    wait_for_replica();
  }
  void wait_for_replica() {
    wait_for([&] {
      return primary_.command({"INFO", "replication"}).find("state=online") != std::string::npos;
    });
  }

  RedisLog::Options options() const {
    RedisLog::Options options;
    options.redis.host = "127.0.0.1";
    options.redis.port = static_cast<std::uint16_t>(primary_.port());
    options.redis.reconnect_first = std::chrono::milliseconds(5);
    options.redis.reconnect_max = std::chrono::milliseconds(50);
    options.replicas_min = 1;
    options.replicas_timeout = std::chrono::milliseconds(50);  // see make_safe()
    return options;
  }

  void wait_for(const std::function<bool()>& is_done) {
    // A fail-over by itself takes a Sentinel up to some ten seconds.
    const base::TimePoint late_at = loop_.now() + std::chrono::seconds(60);
    while (!is_done() && loop_.now() < late_at) {
      loop::Timer tick(loop_, [] {});
      tick.start_after(std::chrono::milliseconds(10));
      loop_.run_once();
    }
    ASSERT_TRUE(is_done()) << "60 s passed";
  }
  template <typename T>
  T wait_for_answer(const std::function<void(std::function<void(T)>)>& ask) {
    std::optional<T> answer;
    ask([&](T got) { answer.emplace(std::move(got)); });
    wait_for([&] { return answer.has_value(); });
    return std::move(*answer);
  }

  std::unique_ptr<RedisLog> open_log(RedisLog::Options options) {
    auto log =
        std::make_unique<RedisLog>(loop_, std::move(options), store_test::key_of(1), random_);
    const auto opened = wait_for_answer<base::Result<EventLog::Opened>>(
        [&](auto done) { log->open(std::nullopt, std::move(done)); });
    EXPECT_TRUE(opened.ok()) << opened.error().text();
    return log;
  }
  Outcome append(EventLog& log) {
    return wait_for_answer<Outcome>([&](auto done) {
      log.append(log.position().sequence, {{1, 2, 3}}, std::move(done));
    });
  }
  Outcome confirm(EventLog& log) {
    return wait_for_answer<Outcome>([&](auto done) { log.confirm(std::move(done)); });
  }
  // A replica may take longer than replicas_timeout on a busy machine: asks until it has it all.
  void make_safe(EventLog& log) {
    wait_for([&] { return log.is_confirmed() || is<EventLog::Appended>(confirm(log)); });
  }
  void append_safely(EventLog& log) {
    const auto before = log.position().sequence;
    ASSERT_TRUE(append(log).ok());
    ASSERT_EQ(log.position().sequence, before + 1);
    make_safe(log);
  }
  std::size_t read_all(EventLog& log) {
    const auto read = wait_for_answer<base::Result<EventLog::Read>>(
        [&](auto done) { log.read(log.position().sequence, 1000, std::move(done)); });
    EXPECT_TRUE(read.ok());
    return read.ok() ? read.value().events.size() : 0;
  }

  base::SeededRandom random_;
  loop::Loop loop_;
  RedisServer primary_;
  std::optional<RedisServer> replica_;
};

TEST_F(RedisReplicasTest, BatchThatNoReplicaHasStandsAndIsNotCalledSafe) {
  const auto log = open_log(options());

  const auto outcome = append(*log);

  ASSERT_TRUE(is<EventLog::Unconfirmed>(outcome));
  EXPECT_EQ(std::get<EventLog::Unconfirmed>(outcome.value()).text, kNoReplica);
  EXPECT_EQ(log->position().sequence, 1U);
  EXPECT_FALSE(log->is_confirmed());
  EXPECT_EQ(primary_.command({"XLEN", "linkspan:log"}), "1");
}

TEST_F(RedisReplicasTest, ReplicaThatComesMakesSafeWhatIsThere) {
  const auto log = open_log(options());
  ASSERT_TRUE(is<EventLog::Unconfirmed>(append(*log)));
  EXPECT_TRUE(is<EventLog::Unconfirmed>(confirm(*log)));

  start_replica();

  make_safe(*log);
  EXPECT_EQ(replica_->command({"XLEN", "linkspan:log"}), "1");
}

TEST_F(RedisReplicasTest, ReplicaThatIsKilledIsMissedAndWelcomeWhenItIsBack) {
  start_replica();
  const auto log = open_log(options());
  append_safely(*log);

  replica_->kill();
  ASSERT_TRUE(is<EventLog::Unconfirmed>(append(*log)));
  replica_->start();
  wait_for_replica();

  append_safely(*log);
  EXPECT_EQ(log->position().sequence, 3U);
  EXPECT_EQ(replica_->command({"XLEN", "linkspan:log"}), "3");
}

// A new connection has written nothing, so a bare WAIT on it counts every replica there is.
TEST_F(RedisReplicasTest, BatchWhoseAnswerWasLostIsNotCalledSafeByAReplicaThatLacksIt) {
  start_replica();
  auto patient = options();
  patient.replicas_timeout = std::chrono::seconds(1);
  const auto log = open_log(patient);
  append_safely(*log);
  replica_->pause();
  std::optional<Outcome> outcome;
  log->append(1, {{4}}, [&](Outcome got) { outcome.emplace(std::move(got)); });
  wait_for([&] {
    return primary_.command({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  });

  primary_.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  wait_for([&] { return outcome.has_value(); });

  EXPECT_TRUE(is<EventLog::Unconfirmed>(*outcome));
  EXPECT_EQ(primary_.command({"XLEN", "linkspan:log"}), "2");
  replica_->resume();
  make_safe(*log);
}

TEST_F(RedisReplicasTest, WhatWasReadIsNotTakenForSafe) {
  auto careless = options();
  careless.replicas_min = 0;
  const auto writer = open_log(careless);
  ASSERT_TRUE(is<EventLog::Appended>(append(*writer)));
  const auto reader = open_log(options());

  EXPECT_EQ(read_all(*reader), 1U);

  EXPECT_FALSE(reader->is_confirmed());
  EXPECT_TRUE(is<EventLog::Unconfirmed>(confirm(*reader)));
  EXPECT_TRUE(writer->is_confirmed()) << "demands none";
}

TEST_F(RedisReplicasTest, ServerWithoutTheHistoryConfirmsNothing) {
  start_replica();
  const auto log = open_log(options());
  append_safely(*log);
  primary_.command({"FLUSHALL"});

  EXPECT_TRUE(is<EventLog::Diverged>(confirm(*log)));
}

class RedisSentinelTest : public RedisReplicasTest {
 protected:
  void start_sentinel() {
    std::ofstream(directory_.path() + "/sentinel.conf")
        << "port " << sentinel_port_ << "\nbind 127.0.0.1\ndir " << directory_.path()
        << "\nlogfile log\nsentinel monitor linkspan 127.0.0.1 " << primary_.port()
        << " 1\nsentinel down-after-milliseconds linkspan 300\n"
           "sentinel failover-timeout linkspan 2000\n";
    sentinel_.emplace(std::vector<std::string>{"redis-server", directory_.path() + "/sentinel.conf",
                                               "--sentinel"});
    wait_for([&] { return loop::ask_port(sentinel_port_, {"PING"}) == "PONG"; });
    loop::ask_port(sentinel_port_, {"SENTINEL", "DEBUG", "info-period", "100"});
    // Until it knows of the replica there is nothing that it could promote.
    wait_for([&] {
      return loop::ask_port(sentinel_port_, {"INFO", "sentinel"}).find("slaves=1") !=
             std::string::npos;
    });
  }
  RedisLog::Options options_by_name() const {
    auto named = options();
    named.redis.sentinel_master = "linkspan";
    named.redis.sentinels = {{"127.0.0.1", static_cast<std::uint16_t>(sentinel_port_)}};
    return named;
  }

  loop::TemporaryDirectory directory_;
  int sentinel_port_ = free_port();
  std::optional<loop::ServerProcess> sentinel_;
};

TEST_F(RedisSentinelTest, WhatWasAcknowledgedSurvivesAFailOver) {
  start_replica();
  start_sentinel();
  const auto log = open_log(options_by_name());
  const Epoch epoch = log->epoch();
  for (int i = 0; i < 20; ++i) {
    append_safely(*log);
  }

  primary_.kill();
  wait_for([&] {
    return replica_->command({"INFO", "replication"}).find("role:master") != std::string::npos;
  });

  const auto reader = open_log(options_by_name());
  EXPECT_EQ(reader->epoch(), epoch);
  EXPECT_EQ(read_all(*reader), 20U);
  EXPECT_TRUE(is<EventLog::Unconfirmed>(append(*log))) << "the promoted one has no replica yet";
  primary_.start();  // the Sentinel makes it a replica
  make_safe(*log);
  EXPECT_EQ(read_all(*reader), 1U);
}

}  // namespace
}  // namespace coordinator
