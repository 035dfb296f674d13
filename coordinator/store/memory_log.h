// The event log in memory, for simulation and tests: the semantics of RedisLog, and faults on
// demand.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/event_log.h"
#include "coordinator/store/log_codec.h"
#include "overlay/base/random.h"

namespace coordinator {

// What a Redis server is to RedisLog: several MemoryLogs may stand on one. Nothing is called back
// until run_one() or run_all(), so a simulation decides when answers arrive.
class MemoryLogStore {
 public:
  // Delivers the oldest answer. False when there is none.
  bool run_one();
  // Delivers until none is left.
  void run_all();

  // --- Faults. Each says what a real server can do. ---

  // The next `count` operations fail with Unavailable; an append among them is not written, or, if
  // `is_written`, is written and only its answer is lost.
  void fail_next(std::size_t count, bool is_written = false);
  // A fail-over to a server that had not yet got the newest `count` batches.
  void lose_batches(std::size_t count);
  // From now on no replica confirms anything, or all do again.
  void lack_replicas(bool is_lacking) { is_lacking_replicas_ = is_lacking; }
  // Changes a byte of the entry that holds `sequence`.
  void corrupt(std::uint64_t sequence);
  void corrupt_newest_snapshot();
  // Everything is gone.
  void wipe();

  std::size_t batches() const { return entries_.size(); }
  std::size_t snapshots() const { return snapshots_.size(); }

 private:
  friend class MemoryLog;

  struct StoredSnapshot {
    std::string header;
    std::vector<std::uint8_t> content;
  };

  bool take_fault();

  std::deque<std::function<void()>> answers_;
  std::optional<LogHead> head_;
  crypto::Digest256 epoch_seal_{};
  std::map<std::uint64_t, std::string> entries_;  // by the number of their last event
  std::map<std::uint64_t, StoredSnapshot> snapshots_;
  std::map<const void*, std::function<void()>> watchers_;
  std::size_t faults_left_ = 0;
  bool is_fault_written_ = false;
  bool is_lacking_replicas_ = false;
};

class MemoryLog : public EventLog {
 public:
  // Keeps references to `store` and `random`.
  MemoryLog(MemoryLogStore& store, LogKey key, base::RandomSource& random);
  ~MemoryLog() override;
  MemoryLog(const MemoryLog&) = delete;
  MemoryLog& operator=(const MemoryLog&) = delete;

  void open(std::optional<Fingerprint> known,
            std::function<void(base::Result<Opened>)> done) override;
  void append(std::uint64_t expected_last, std::vector<EventBytes> events,
              std::function<void(base::Result<AppendOutcome>)> done) override;
  bool is_confirmed() const override { return is_confirmed_; }
  void confirm(std::function<void(base::Result<AppendOutcome>)> done) override;
  void read(std::uint64_t after, std::size_t limit,
            std::function<void(base::Result<Read>)> done) override;
  void save_snapshot(LogPosition position, std::vector<std::uint8_t> bytes,
                     std::function<void(base::Status)> done) override;
  void load_snapshot(std::function<void(base::Result<std::optional<Snapshot>>)> done) override;
  void watch(std::function<void()> on_more) override;
  LogPosition position() const override { return position_; }
  Epoch epoch() const override { return epoch_; }

 private:
  base::Result<Opened> do_open(const std::optional<Fingerprint>& known);
  base::Result<AppendOutcome> do_append(const std::vector<EventBytes>& events);
  base::Result<AppendOutcome> do_confirm();
  AppendOutcome safety();
  base::Result<Read> do_read(std::size_t limit);
  base::Result<std::optional<Snapshot>> do_load();
  // Queues `answer`, which is dropped if this log is gone when its turn comes.
  void later(std::function<void()> answer);
  Epoch random_epoch();

  MemoryLogStore& store_;
  LogKey key_;
  base::RandomSource& random_;
  Epoch epoch_;
  LogPosition position_;
  bool is_confirmed_ = true;
  // Shared with the queued answers alone, which look whether it is still there.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace coordinator
