#pragma once

#include <functional>

#include "overlay/base/time.h"
#include "overlay/loop/handle.h"
#include "overlay/loop/loop.h"

namespace loop {

// A one-shot timer. Belongs to the thread that runs `loop`, which must outlive it. Once a Timer is
// destroyed its callback does not run again; it may be destroyed from that callback.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_fire);

  // Fires once at `at`, rounded up to a millisecond. Replaces an earlier start. A time already past
  // fires on the next turn of the loop, never inside this call.
  void start_at(base::TimePoint at);
  void start_after(base::Duration wait);
  void stop();

  bool is_started() const;

 private:
  struct State {
    uv_timer_t handle;
    std::function<void()> on_fire;
  };
  HandleOwner<State> state_;
};

}  // namespace loop
