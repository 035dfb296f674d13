// A program's own redis-server: a supervised child on a unix socket, durable at every write.
//
//            answers, has loaded
//   Starting --------------------> Running --(dies, stops answering)--+
//      ^                                                              |
//      +---------------- after a backoff <----------------------------+        stop() -> Stopped
//
// The directory belongs to one program at a time (a lock that goes with the process) and to
// nothing else: one with files that are not ours is refused. A server that a killed program
// left behind is told to end and waited for before ours starts; what it acknowledged is in its
// append-only file. Where setpriv(1) is there, the kernel tells it so at the moment that the
// program dies.
//
// Files: linkspan.lock, redis.conf (written at each start), redis.sock, redis.pid, redis.log,
// appendonlydir/.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "overlay/base/backoff.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/files.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/process.h"
#include "overlay/loop/redis.h"
#include "overlay/loop/timer.h"

namespace loop {

class EmbeddedRedis {
 public:
  static constexpr base::Duration kRestartFirst = std::chrono::milliseconds(100);
  static constexpr base::Duration kRestartMax = std::chrono::seconds(5);
  static constexpr base::Duration kStableAfter =
      std::chrono::seconds(10);  // then the backoff resets
  static constexpr base::Duration kOrphanGrace = std::chrono::seconds(10);  // then SIGKILL
  static constexpr base::Duration kStopGrace = std::chrono::seconds(10);
  static constexpr std::size_t kSocketPathMax = 107;  // sun_path without its zero (unix(7))

  struct Options {
    std::string directory;  // absolute; made with mode 0700 if missing
    std::string program = "redis-server";
  };
  enum class State { Starting, Running, Stopped };

  // Takes the directory and begins to start; `on_state` runs on each change, from the loop. Keeps
  // references to `loop` and `random`.
  //
  // Errors: Conflict when another program uses the directory, or when it holds files that are
  // not ours; Malformed when the path cannot be used; others from the file system. Nothing runs
  // then.
  static base::Result<std::unique_ptr<EmbeddedRedis>> start(Loop& loop, Options options,
                                                            base::RandomSource& random,
                                                            std::function<void(State)> on_state);
  // For start().
  EmbeddedRedis(Loop& loop, Options options, base::RandomSource& random,
                std::function<void(State)> on_state, FileLock lock);
  EmbeddedRedis(const EmbeddedRedis&) = delete;
  EmbeddedRedis& operator=(const EmbeddedRedis&) = delete;
  // Kills a child that still runs. Nothing acknowledged is lost; stop() is the polite way.
  ~EmbeddedRedis();

  std::string socket_path() const { return options_.directory + "/redis.sock"; }
  State state() const { return state_; }
  int restarts() const { return restarts_; }
  // The child's process id; 0 between two.
  int pid() const { return child_ ? child_->pid() : 0; }
  // What went wrong last; ok when nothing did.
  base::Status why() const { return why_; }

  // SIGTERM, and `done` when the child has ended (SIGKILL after kStopGrace). Not started again, and
  // on_state is not told: the caller knows.
  void stop(std::function<void()> done);

 private:
  void begin();
  void end_orphan();
  void spawn();
  void handle_exit(const Process::Exit& exit);
  void handle_connection(Redis::State state);
  void set_state(State state);

  Loop& loop_;
  Options options_;
  base::RandomSource& random_;
  std::function<void(State)> on_state_;
  FileLock lock_;
  base::Backoff backoff_;
  Timer timer_;  // until the next start, or the next look at an orphan
  std::optional<base::TimePoint> orphan_deadline_;
  base::TimePoint started_at_{};
  std::unique_ptr<Process> child_;
  std::unique_ptr<Redis> connection_;  // tells whether the child answers
  State state_ = State::Starting;
  base::Status why_;
  int restarts_ = 0;
  bool is_stopping_ = false;
  std::function<void()> on_stopped_;
};

// The configuration that the child runs with. Pure. Requires a directory that check_redis_directory
// takes.
std::string redis_configuration(const std::string& directory);

// Errors: Malformed, for a path that is not absolute, too long for a socket in it, or has
// characters that the configuration cannot carry.
base::Status check_redis_directory(const std::string& directory);

}  // namespace loop
