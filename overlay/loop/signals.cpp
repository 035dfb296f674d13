#include "overlay/loop/signals.h"

#include <csignal>
#include <utility>

namespace loop {

SignalWatcher::SignalWatcher(Loop& loop, const std::vector<int>& signals,
                             std::function<void(int)> on_signal) {
  const auto call = [](uv_signal_t* handle, int signal) noexcept {
    static_cast<State*>(handle->data)->on_signal(signal);
  };
  for (const int signal : signals) {
    auto state =
        open_handle(std::make_unique<State>(State{{}, on_signal}),
                    [&](uv_signal_t* handle) { return uv_signal_init(&loop.handle(), handle); });
    // Both can fail only without memory or descriptors, or for a signal that cannot be caught.
    states_.push_back(std::move(state).value());
    CHECK(uv_signal_start(&states_.back()->handle, call, signal) == 0);
    uv_unref(reinterpret_cast<uv_handle_t*>(&states_.back()->handle));
  }
}

void ignore_broken_pipes() {
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  CHECK(sigaction(SIGPIPE, &action, nullptr) == 0);
}

}  // namespace loop
