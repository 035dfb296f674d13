// The event log on a Redis server: one stream of sealed batches, a hash with its head, snapshots
// beside it. See redis_scripts.h for the steps that the server takes, README.md for the keys.
//
// Every command that it sends may be carried out twice without harm, so all of them are sent again,
// on a new connection if need be, until an answer comes or the operation's deadline passes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/event_log.h"
#include "coordinator/store/log_codec.h"
#include "overlay/base/random.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/redis.h"
#include "overlay/loop/redis_session.h"
#include "overlay/loop/timer.h"

namespace coordinator {

class LogWatcher;
class SnapshotStore;

class RedisLog : public EventLog {
 public:
  static constexpr base::Duration kReplicasTimeout = std::chrono::seconds(2);

  struct Options {
    loop::Redis::Options redis;
    std::string prefix = "linkspan:";  // of every key
    // An append is acknowledged only when so many replicas of the server have said within
    // `replicas_timeout` that they have it (WAIT): see EventLog::Unconfirmed.
    int replicas_min = 0;
    base::Duration replicas_timeout = kReplicasTimeout;
    // How long an operation is tried before it ends with Unavailable; open() waits for loading too.
    base::Duration operation_timeout = std::chrono::seconds(10);
    base::Duration open_timeout = std::chrono::seconds(60);
  };

  // Connects at once. Keeps references to `loop` and `random`.
  RedisLog(loop::Loop& loop, Options options, LogKey key, base::RandomSource& random);
  ~RedisLog() override;
  RedisLog(const RedisLog&) = delete;
  RedisLog& operator=(const RedisLog&) = delete;

  void open(std::optional<Fingerprint> known,
            std::function<void(base::Result<Opened>)> done) override;
  void append(std::uint64_t expected_last, std::vector<EventBytes> events,
              std::function<void(base::Result<AppendOutcome>)> done) override;
  bool is_confirmed() const override { return options_.replicas_min == 0 || is_confirmed_; }
  void confirm(std::function<void(base::Result<AppendOutcome>)> done) override;
  void read(std::uint64_t after, std::size_t limit,
            std::function<void(base::Result<Read>)> done) override;
  void save_snapshot(LogPosition position, std::vector<std::uint8_t> bytes,
                     std::function<void(base::Status)> done) override;
  void load_snapshot(std::function<void(base::Result<std::optional<Snapshot>>)> done) override;
  void watch(std::function<void()> on_more) override;
  LogPosition position() const override { return position_; }
  Epoch epoch() const override { return epoch_; }

  // For metrics and /healthz.
  loop::Redis::State connection() const { return session_.state(); }

 private:
  using DoneOpen = std::function<void(base::Result<Opened>)>;
  using DoneAppend = std::function<void(base::Result<AppendOutcome>)>;
  struct Confirming;
  using ConfirmingPtr = std::shared_ptr<Confirming>;  // owned by the callback of its one command

  std::vector<std::string> keys() const { return {log_key_, head_key_}; }
  void finish_open(const std::optional<Fingerprint>& known, const Epoch& proposed,
                   const base::Result<loop::RedisReply>& reply, const DoneOpen& done);
  void change_epoch(Opened opened, const DoneOpen& done);
  void settle(const Opened& opened, const DoneOpen& done);
  void handle_append(const ConfirmingPtr& confirming, const base::Result<loop::RedisReply>& reply);
  void write_and_wait(ConfirmingPtr confirming);
  void wait_here(ConfirmingPtr confirming);
  void handle_wait(const ConfirmingPtr& confirming, const base::Result<loop::RedisReply>& reply);
  void end_append(const Confirming& confirming, base::Result<AppendOutcome> outcome);
  base::Result<Read> read_outcome(std::size_t limit, const loop::RedisReply& reply);
  void look_for_more();
  base::TimePoint deadline() const { return loop_.now() + options_.operation_timeout; }

  loop::Loop& loop_;
  Options options_;
  LogKey key_;
  base::RandomSource& random_;
  std::string log_key_;
  std::string head_key_;
  loop::RedisSession session_;
  std::unique_ptr<SnapshotStore> snapshots_;
  std::unique_ptr<LogWatcher> watcher_;
  Epoch epoch_;
  LogPosition position_;
  bool is_confirmed_ = false;  // of what is before position_; means nothing without replicas_min
  std::function<void()> on_more_;
  std::uint64_t seen_ = 0;  // the highest event that the watcher told of
  loop::Timer look_;        // looks whether that is more than what this cursor has
  bool is_busy_ = false;    // an append, read, open or load is under way
};

}  // namespace coordinator
