#pragma once

#include <functional>
#include <vector>

#include "overlay/loop/handle.h"
#include "overlay/loop/loop.h"

namespace loop {

// Calls back, from the loop, for each of the given signals of this process (SIGTERM, SIGINT,
// SIGHUP). While one exists the signals' default actions are off. Does not keep run() from
// returning.
class SignalWatcher {
 public:
  SignalWatcher(Loop& loop, const std::vector<int>& signals, std::function<void(int)> on_signal);

 private:
  struct State {
    uv_signal_t handle;
    std::function<void(int)> on_signal;
  };
  std::vector<HandleOwner<State>> states_;
};

// Writes to a peer that went away must be an error of that write, not the end of the process.
// Loop's constructor does it.
void ignore_broken_pipes();

}  // namespace loop
