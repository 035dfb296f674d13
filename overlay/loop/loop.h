// The process's one event loop, and the only place that reads clocks.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <uv.h>

#include "overlay/base/time.h"

namespace loop {

// Owns a libuv loop. Everything that runs on it (timers, servers, clients) keeps a reference and is
// destroyed before it, in any order.
//
// One thread builds, runs and destroys a Loop and all that stands on it; only post() may be called
// from others. The destructor turns the loop until the close callbacks of everything destroyed
// before it have run, then CHECKs that nothing is left: a leaked handle is a crash in every test.
class Loop {
 public:
  // Also ignores SIGPIPE, for the whole process: writing to a peer that went away is an error of
  // that write. Children start with the default again.
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  uv_loop_t& handle() { return *loop_; }

  // Turns until stop() is called or nothing is left that could happen. May be called again.
  void run();
  // One turn: waits for at least one event, if anything is left to wait for, and handles it.
  void run_once();
  // Makes run() return after the turn in progress. A stop() between runs ends the next run at once.
  void stop();

  // The loop's steady clock, which moves only between turns of the loop.
  base::TimePoint now() const;
  // The system's wall clock, read at the call. For what is stored, signed or shown; never for
  // waits.
  base::WallTime wall_now() const;

  // Runs `task` on the loop's thread in a later turn, in order of posting. From any thread; the
  // only member that may be called from another. A task posted from the loop's own thread keeps
  // run() from returning until it ran, one from elsewhere does not. What has not run when the Loop
  // is destroyed is dropped. At most kPostedMax tasks wait, CHECKed: posting is for completions,
  // whose number something else bounds.
  void post(std::function<void()> task);

  static constexpr std::size_t kPostedMax = 1'000'000;

 private:
  struct Posts;  // the tasks posted, and the uv_async_t that wakes the loop

  std::unique_ptr<uv_loop_t> loop_;
  Posts* posts_ = nullptr;  // owned; freed by its close callback, which needs a running loop
};

}  // namespace loop
