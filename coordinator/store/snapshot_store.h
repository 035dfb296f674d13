// Snapshots beside the log in Redis: a sorted set of names by sequence, and a hash per snapshot
// with its sealed header and its content in chunks. Private to RedisLog.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/store/event_log.h"
#include "coordinator/store/log_codec.h"
#include "overlay/base/random.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/redis_session.h"

namespace coordinator {

class SnapshotStore {
 public:
  // A chunk each; an operation as a whole may take as long as its chunks do.
  static constexpr base::Duration kStepTimeout = std::chrono::seconds(30);

  SnapshotStore(loop::Loop& loop, loop::RedisSession& session, const LogKey& key,
                base::RandomSource& random, const std::string& prefix);
  SnapshotStore(const SnapshotStore&) = delete;
  SnapshotStore& operator=(const SnapshotStore&) = delete;

  // As EventLog's. Chunks first, then the header, then the name: a snapshot that is cut short is
  // never listed. Requires: no save under way.
  void save(const LogPosition& position, std::vector<std::uint8_t> bytes,
            std::function<void(base::Status)> done);
  void load(std::function<void(base::Result<std::optional<Snapshot>>)> done);

 private:
  struct Saving;
  struct Loading;
  // Each is owned by the callback of its one command under way, handed on from step to step.
  using SavingPtr = std::shared_ptr<Saving>;
  using LoadingPtr = std::shared_ptr<Loading>;

  base::TimePoint deadline() const { return loop_.now() + kStepTimeout; }
  std::string key_of(const std::string& name) const { return prefix_ + "snapshot:" + name; }
  void save_next(SavingPtr saving);
  void list(SavingPtr saving);
  void drop_old(const SavingPtr& saving, const std::vector<std::string>& names);
  void load_next(LoadingPtr loading);
  void load_header(LoadingPtr loading, const loop::RedisReply& reply);
  void load_chunk(LoadingPtr loading);

  loop::Loop& loop_;
  loop::RedisSession& session_;
  const LogKey& key_;
  base::RandomSource& random_;
  std::string prefix_;
  std::string names_key_;
};

}  // namespace coordinator
