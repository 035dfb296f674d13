// Keeps one child process running: decides when to start it, when to start it again, when to stop
// it.
//
// A machine without I/O: the owner starts and kills what it is told to.
//
//   feed    set_wanted, handle_exit, handle_timeout
//   drain   poll_action       until empty
//   sleep   next_timeout
//
//             wanted: Start                exit
//   Stopped ----------------> Running -------------> Waiting --(backoff)--> Running, Start
//      ^                         |                      |
//      +------- exit ------- Stopping <-- not wanted ---+--- not wanted ---> Stopped
//
// A start that fails at once is fed as an exit. A child that lived for kStableMin resets the
// backoff.
#pragma once

#include <optional>

#include "overlay/base/backoff.h"
#include "overlay/base/random.h"
#include "overlay/base/time.h"

namespace agent {

class Supervisor {
 public:
  static constexpr base::Duration kRestartFirst = std::chrono::milliseconds(500);
  static constexpr base::Duration kRestartMax = std::chrono::seconds(30);
  static constexpr base::Duration kStableMin = std::chrono::seconds(30);

  enum class State { Stopped, Running, Stopping, Waiting };
  enum class Action { Start, Stop };

  // Keeps a reference to `random`, which must outlive this.
  explicit Supervisor(base::RandomSource& random) : backoff_(kRestartFirst, kRestartMax, random) {}

  void set_wanted(base::TimePoint now, bool is_wanted);
  void handle_exit(base::TimePoint now);
  // Calling it early does nothing.
  void handle_timeout(base::TimePoint now);

  std::optional<Action> poll_action();
  // Set exactly while Waiting.
  std::optional<base::TimePoint> next_timeout() const { return wake_at_; }

  State state() const { return state_; }
  // Exits in a row without a stable run between them.
  int failures() const { return backoff_.attempts(); }

 private:
  void start(base::TimePoint now);

  base::Backoff backoff_;
  State state_ = State::Stopped;
  bool is_wanted_ = false;
  base::TimePoint started_at_;
  std::optional<base::TimePoint> wake_at_;
  std::optional<Action> action_;
};

}  // namespace agent
