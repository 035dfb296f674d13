#include "overlay/base/backoff.h"

#include <algorithm>

namespace base {

Duration Backoff::next() {
  Duration bound = first_;
  for (int i = 0; i < attempts_ && bound < max_; ++i) {
    bound *= 2;
  }
  bound = std::min(bound, max_);
  if (bound < max_) {
    ++attempts_;  // stops at the cap, so it cannot overflow in a year of outage
  }
  const auto span = static_cast<std::uint64_t>(std::max<Duration::rep>(bound.count(), 0));
  return Duration(static_cast<Duration::rep>(random_.below(span + 1)));
}

}  // namespace base
