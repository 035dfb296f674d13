#include "overlay/loop/loop.h"

#include <chrono>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "overlay/base/check.h"
#include "overlay/loop/signals.h"

namespace loop {

// uv_async_send wakes a sleeping loop but coalesces, so the callback takes all that is there.
struct Loop::Posts {
  uv_async_t wake{};
  std::mutex mutex;  // the one lock between the loop's thread and the others
  std::vector<std::function<void()>> tasks;
  std::thread::id thread = std::this_thread::get_id();

  static void on_wake(uv_async_t* handle) noexcept {
    auto* const posts = static_cast<Posts*>(handle->data);
    std::vector<std::function<void()>> tasks;
    {
      const std::lock_guard lock(posts->mutex);
      tasks.swap(posts->tasks);
    }
    for (auto& task : tasks) {
      task();
      task = nullptr;  // what it captured goes before the next one runs
    }
    const std::lock_guard lock(posts->mutex);
    if (posts->tasks.empty()) {
      uv_unref(reinterpret_cast<uv_handle_t*>(&posts->wake));
    }
  }
};

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(posts_->mutex);
    CHECK(posts_->tasks.size() < kPostedMax);
    posts_->tasks.push_back(std::move(task));
  }
  if (posts_->thread == std::this_thread::get_id()) {
    uv_ref(reinterpret_cast<uv_handle_t*>(&posts_->wake));  // not for other threads to touch
  }
  CHECK(uv_async_send(&posts_->wake) == 0);
}

Loop::Loop() : loop_(std::make_unique<uv_loop_t>()), posts_(new Posts) {
  ignore_broken_pipes();
  CHECK(uv_loop_init(loop_.get()) == 0);
  CHECK(uv_async_init(loop_.get(), &posts_->wake, &Posts::on_wake) == 0);
  posts_->wake.data = posts_;
  uv_unref(reinterpret_cast<uv_handle_t*>(&posts_->wake));  // alone it is no reason to go on
}

Loop::~Loop() {
  // Whatever was posted and did not run owns things that may hold handles: drop it first.
  std::vector<std::function<void()>> dropped;
  {
    const std::lock_guard lock(posts_->mutex);
    dropped.swap(posts_->tasks);
  }
  dropped.clear();
  uv_close(reinterpret_cast<uv_handle_t*>(&posts_->wake),
           [](uv_handle_t* handle) { delete static_cast<Posts*>(handle->data); });
  posts_ = nullptr;
  // Close callbacks, and requests on the thread pool that their owners left behind.
  uv_run(loop_.get(), UV_RUN_DEFAULT);
  CHECK(uv_loop_close(loop_.get()) == 0);
}

void Loop::run() {
  uv_run(loop_.get(), UV_RUN_DEFAULT);
}

void Loop::run_once() {
  uv_run(loop_.get(), UV_RUN_ONCE);
}

void Loop::stop() {
  uv_stop(loop_.get());
}

base::TimePoint Loop::now() const {
  return base::TimePoint(std::chrono::milliseconds(uv_now(loop_.get())));
}

base::WallTime Loop::wall_now() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return base::WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

}  // namespace loop
