// Notices that somebody appends to the log, on a connection of its own, because it blocks there.
// Private to RedisLog.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "overlay/base/random.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/redis.h"
#include "overlay/loop/timer.h"

namespace coordinator {

class LogWatcher {
 public:
  // How long the server lets us wait: within its command deadline, so a silent server is noticed.
  static constexpr base::Duration kBlock = std::chrono::seconds(5);
  static constexpr base::Duration kRetryInterval = std::chrono::milliseconds(200);

  // Calls `on_more` with the last event of each batch behind event `after`, and with kUnknown when
  // something may have happened that no batch tells: a reconnect, a log that became shorter.
  static constexpr std::uint64_t kUnknown = UINT64_MAX;
  LogWatcher(loop::Loop& loop, loop::Redis::Options options, base::RandomSource& random,
             std::string log_key, std::uint64_t after, std::function<void(std::uint64_t)> on_more);
  LogWatcher(const LogWatcher&) = delete;
  LogWatcher& operator=(const LogWatcher&) = delete;
  ~LogWatcher() = default;

 private:
  void wait();
  void take(const base::Result<loop::RedisReply>& reply);

  loop::Timer retry_;
  std::string log_key_;
  std::string last_id_;
  std::function<void(std::uint64_t)> on_more_;
  loop::Redis redis_;
};

}  // namespace coordinator
