#include "overlay/loop/timer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace loop {

Timer::Timer(Loop& loop, std::function<void()> on_fire)
    : state_(open_handle(std::make_unique<State>(State{{}, std::move(on_fire)}),
                         [&](uv_timer_t* handle) { return uv_timer_init(&loop.handle(), handle); })
                 .value()) {}  // uv_timer_init has no way to fail

void Timer::start_at(base::TimePoint at) {
  const base::TimePoint now(std::chrono::milliseconds(uv_now(state_->handle.loop)));
  start_after(at - now);
}

void Timer::start_after(base::Duration wait) {
  const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  const auto fire = [](uv_timer_t* handle) noexcept {
    static_cast<State*>(handle->data)->on_fire();
  };
  const int code =
      uv_timer_start(&state_->handle, fire,
                     static_cast<std::uint64_t>(std::max<std::int64_t>(wait_ms, 0)), /*repeat=*/0);
  CHECK(code == 0);
}

void Timer::stop() {
  uv_timer_stop(&state_->handle);
}

bool Timer::is_started() const {
  return uv_is_active(reinterpret_cast<const uv_handle_t*>(&state_->handle)) != 0;
}

}  // namespace loop
