// The two worlds that the event log's one test suite runs in: memory, and a real redis-server.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "coordinator/store/memory_log.h"
#include "coordinator/store/redis_log.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/timer.h"
#include "tests/unit/overlay/loop/redis_server.h"

namespace store_test {

inline coordinator::LogKey key_of(std::uint8_t seed) {
  crypto::init();
  coordinator::LogKey key;
  std::ranges::fill(key.writable(), seed);
  return key;
}

class MemoryWorld {
 public:
  std::unique_ptr<coordinator::EventLog> make_log(std::uint8_t key_seed) {
    return std::make_unique<coordinator::MemoryLog>(store_, key_of(key_seed), random_);
  }
  template <typename Predicate>
  bool run_until(Predicate is_done) {
    while (!is_done() && store_.run_one()) {
    }
    return is_done();
  }
  void lose_batch() { store_.lose_batches(1); }
  void corrupt(std::uint64_t sequence) { store_.corrupt(sequence); }
  void corrupt_newest_snapshot() { store_.corrupt_newest_snapshot(); }
  void wipe() { store_.wipe(); }
  std::size_t batches() { return store_.batches(); }
  std::size_t snapshots() { return store_.snapshots(); }

 private:
  coordinator::MemoryLogStore store_;
  base::SeededRandom random_{7};
};

class RedisWorld {
 public:
  std::unique_ptr<coordinator::EventLog> make_log(std::uint8_t key_seed) {
    coordinator::RedisLog::Options options;
    options.redis.unix_path = server_.socket();
    options.redis.reconnect_first = std::chrono::milliseconds(5);
    options.redis.reconnect_max = std::chrono::milliseconds(50);
    return make_log(key_seed, std::move(options));
  }
  std::unique_ptr<coordinator::EventLog> make_log(std::uint8_t key_seed,
                                                  coordinator::RedisLog::Options options) {
    return std::make_unique<coordinator::RedisLog>(loop_, std::move(options), key_of(key_seed),
                                                   random_);
  }
  template <typename Predicate>
  bool run_until(Predicate is_done) {
    const base::TimePoint late_at = loop_.now() + std::chrono::seconds(20);
    while (!is_done() && loop_.now() < late_at) {
      loop::Timer tick(loop_, [] {});
      tick.start_after(std::chrono::milliseconds(10));
      loop_.run_once();
    }
    return is_done();
  }
  // What a fail-over to a replica that was one batch behind leaves.
  void lose_batch() {
    script(R"(local e = redis.call('XREVRANGE', 'linkspan:log', '+', '-', 'COUNT', 2)
      local blob = e[1][2][2]
      redis.call('XDEL', 'linkspan:log', e[1][1])
      redis.call('XSETID', 'linkspan:log', e[2] and e[2][1] or '0-1')
      local before = e[2] and string.match(e[2][1], '^%d+') or '0'
      redis.call('HSET', 'linkspan:head', 'last', before, 'chain', string.sub(blob, 10, 41))
      return 1)");
  }
  void corrupt(std::uint64_t sequence) {
    script(R"(local all = redis.call('XRANGE', 'linkspan:log', '-', '+')
      redis.call('DEL', 'linkspan:log')
      for _, e in ipairs(all) do
        local blob = e[2][2]
        if e[1] == ')" +
           std::to_string(sequence) + R"(-0' then
          local middle = math.floor(#blob / 2)
          local other = string.char((string.byte(blob, middle + 1) + 1) % 256)
          blob = string.sub(blob, 1, middle) .. other .. string.sub(blob, middle + 2)
        end
        redis.call('XADD', 'linkspan:log', e[1], 'b', blob)
      end
      return 1)");
  }
  void corrupt_newest_snapshot() {
    script(R"(local name = redis.call('ZREVRANGE', 'linkspan:snapshots', 0, 0)[1]
      return redis.call('HSET', 'linkspan:snapshot:' .. name, '0', 'other'))");
  }
  void wipe() { server_.command({"FLUSHALL"}); }
  std::size_t batches() { return std::stoul(server_.command({"XLEN", "linkspan:log"})); }
  std::size_t snapshots() { return std::stoul(server_.command({"ZCARD", "linkspan:snapshots"})); }

  loop::RedisServer& server() { return server_; }
  loop::Loop& loop() { return loop_; }

 private:
  void script(const std::string& text) {
    const std::string reply = server_.command({"EVAL", text, "0"});
    ASSERT_FALSE(reply.starts_with("ERR")) << reply;
  }

  loop::RedisServer server_;
  loop::Loop loop_;
  base::SeededRandom random_{7};
};

}  // namespace store_test
