#include "overlay/cli/wait.h"

#include <optional>
#include <utility>

#include "overlay/loop/timer.h"

namespace cli {

base::Result<loop::HttpResponse> send_and_wait(loop::Loop& loop, loop::HttpClient& client,
                                               loop::HttpRequest request) {
  std::optional<base::Result<loop::HttpResponse>> answer;
  const auto handle = client.send(std::move(request), [&](base::Result<loop::HttpResponse> given) {
    answer = std::move(given);
  });
  while (!answer) {
    loop.run_once();
  }
  return std::move(*answer);
}

bool wait_until(loop::Loop& loop, base::Duration wait, base::Duration interval,
                const std::function<bool()>& is_done) {
  const base::TimePoint deadline = loop.now() + wait;
  while (!is_done()) {
    if (loop.now() >= deadline) {
      return false;
    }
    wait_for(loop, interval);
  }
  return true;
}

void wait_for(loop::Loop& loop, base::Duration wait) {
  bool is_over = false;
  loop::Timer timer(loop, [&] { is_over = true; });
  timer.start_after(wait);
  while (!is_over) {
    loop.run_once();
  }
}

}  // namespace cli
