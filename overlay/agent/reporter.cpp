#include "overlay/agent/reporter.h"

#include <algorithm>
#include <utility>

namespace agent {

void Reporter::mark_changed(base::TimePoint now) {
  is_changed_ = true;
  if (is_in_flight_ || backoff_.attempts() > 0) {
    return;  // what follows the report in flight, or the retry that is due, carries it
  }
  wake_at_ = sent_at_ ? std::max(now, *sent_at_ + kGapMin) : now;
}

void Reporter::handle_connected(base::TimePoint now) {
  backoff_.reset();
  mark_changed(now);
}

void Reporter::handle_sent(base::TimePoint now, bool is_taken) {
  if (!is_in_flight_) {
    return;
  }
  is_in_flight_ = false;
  if (!is_taken) {
    is_changed_ = true;
    wake_at_ = now + backoff_.next();
    return;
  }
  backoff_.reset();
  if (is_changed_) {
    wake_at_ = std::max(now, *sent_at_ + kGapMin);
    return;
  }
  const auto spread = static_cast<std::uint64_t>((2 * kJitter).count());
  wake_at_ = now + kInterval - kJitter + base::Duration(random_.below(spread + 1));
}

void Reporter::handle_timeout(base::TimePoint now) {
  if (!wake_at_ || now < *wake_at_) {
    return;
  }
  wake_at_.reset();
  is_in_flight_ = true;
  is_changed_ = false;
  is_due_ = true;
  sent_at_ = now;
}

bool Reporter::poll_send() {
  return std::exchange(is_due_, false);
}

}  // namespace agent
