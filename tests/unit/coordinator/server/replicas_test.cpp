// A coordinator on a Redis with a replica that comes and goes.
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/coordinator/server/running_server.h"
#include "tests/unit/overlay/loop/redis_server.h"

namespace coordinator {
namespace {

class ServerReplicasTest : public ::testing::Test {
 protected:
  void SetUp() override {
    wait_for([&] { return primary_.is_answering(); });
    wait_for_replica();
    running_.redis.emplace();
    running_.redis->host = "127.0.0.1";
    running_.redis->port = static_cast<std::uint16_t>(primary_.port());
    running_.redis_replicas_min = 1;
    const auto status = running_.start();
    ASSERT_TRUE(status.ok()) << status.error().text();
  }
  // For what happens outside of the loop.
  template <typename Condition>
  void wait_for(Condition condition) {
    loop::Timer tick(running_.loop(), [&] { tick.start_after(std::chrono::milliseconds(10)); });
    tick.start_after(std::chrono::milliseconds(10));
    running_.wait_for(condition);
  }
  void wait_for_replica() {
    wait_for([&] {
      return primary_.command({"INFO", "replication"}).find("state=online") != std::string::npos;
    });
  }
  RunningServer::Answer create_network(const std::string& name) {
    return running_.send("POST", "/v1/networks", R"({"name":")" + name + R"("})",
                         {{"authorization", "Bearer " + running_.key}, {"idempotency-key", name}});
  }

  RunningServer running_;
  loop::RedisServer primary_{loop::free_port(), {"--repl-diskless-sync-delay", "0"}};
  loop::RedisServer replica_{loop::free_port(),
                             {"--replicaof", "127.0.0.1 " + std::to_string(primary_.port())}};
};

TEST_F(ServerReplicasTest, RequestThatNoReplicaConfirmedIsRefusedAndAnsweredWhenItIsRepeated) {
  ASSERT_EQ(create_network("one").status, 201);
  replica_.kill();
  const std::string missing = "log: 0 replicas of Redis confirmed it within 2000 ms, expected 1";

  const auto stands = create_network("two");
  const auto refused = create_network("three");

  EXPECT_EQ(stands.status, 503);
  EXPECT_EQ(stands.headers.at("content-type"), "application/problem+json");
  EXPECT_EQ(stands.detail(),
            "this is in the log and stands unless a fail-over loses it; ask again to see it "
            "confirmed: " +
                missing);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.detail(),
            "what is in the log already is not safe, so this request changed nothing: " + missing);
  EXPECT_EQ(running_.api("GET", "/v1/networks").json["items"].size(), 2U) << "reads go on";
  replica_.start();
  wait_for_replica();
  RunningServer::Answer repeated;
  wait_for([&] {
    repeated = create_network("two");
    return repeated.status != 503;
  });
  EXPECT_EQ(repeated.status, 201) << repeated.body;
  EXPECT_EQ(create_network("three").status, 201);
  EXPECT_EQ(running_.api("GET", "/v1/networks").json["items"].size(), 3U);
}

}  // namespace
}  // namespace coordinator
