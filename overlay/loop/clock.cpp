#include "overlay/loop/clock.h"

#include <uv.h>

namespace loop {

base::TimePoint monotonic_now() {
  return base::TimePoint(std::chrono::duration_cast<base::Duration>(
      std::chrono::nanoseconds(static_cast<std::int64_t>(uv_hrtime()))));
}

}  // namespace loop
