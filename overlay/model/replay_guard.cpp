#include "overlay/model/replay_guard.h"

#include <algorithm>
#include <functional>
#include <string>

namespace model {

base::Status ReplayGuard::accept(base::WallTime time) {
  if (time <= latest_.back()) {
    return base::Error(base::Errc::Unauthenticated,
                       "request: time " + std::to_string(time.unix_ms) + " ms is older than the " +
                           std::to_string(kWindow) + " latest of its node");
  }
  const auto place = std::ranges::lower_bound(latest_, time, std::ranges::greater());
  if (*place == time) {
    return base::Error(base::Errc::Unauthenticated,
                       "request: time " + std::to_string(time.unix_ms) + " ms was used before");
  }
  std::move_backward(place, latest_.end() - 1, latest_.end());
  *place = time;
  return {};
}

}  // namespace model
