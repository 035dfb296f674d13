#include "overlay/agent/first_ping.h"

#include <algorithm>
#include <utility>

namespace agent {

void FirstPing::wake_after(base::TimePoint now, base::Duration wait) {
  wake_at_ = now + wait;
}

void FirstPing::set_targets(base::TimePoint now, std::vector<Target> targets) {
  if (targets.size() > kTargetsMax) {
    targets.resize(kTargetsMax);
  }
  if (is_configured_ && targets == targets_) {
    return;
  }
  is_configured_ = true;
  targets_ = std::move(targets);
  current_ = 0;
  attempts_ = 0;
  if (targets_.empty()) {
    is_up_ = true;
    misses_ = 0;
    answered_by_.reset();
    rtt_.reset();
    wake_at_.reset();
    ping_.reset();
    return;
  }
  if (!is_in_flight_) {
    wake_after(now, base::Duration::zero());
  }
}

void FirstPing::handle_reply(base::TimePoint now, std::optional<base::Duration> rtt) {
  if (!is_in_flight_) {
    return;
  }
  is_in_flight_ = false;
  if (rtt) {
    is_up_ = true;
    rtt_ = rtt;
    answered_by_ = asked_;
    misses_ = 0;
    attempts_ = 0;
  } else if (!targets_.empty()) {
    note_miss();
  }
  if (targets_.empty()) {
    return;
  }
  wake_after(now, rtt ? kRefreshInterval : kRetryInterval);
}

void FirstPing::note_miss() {
  ++misses_;
  ++attempts_;
  if (attempts_ >= kAttemptsPerTarget) {
    attempts_ = 0;
    current_ = (current_ + 1) % targets_.size();
  }
  const int everybody = kAttemptsPerTarget * static_cast<int>(targets_.size());
  if (misses_ >= std::max(everybody, kMissesDownMin)) {
    is_up_ = false;
    answered_by_.reset();
    rtt_.reset();
  }
}

void FirstPing::handle_timeout(base::TimePoint now) {
  if (!wake_at_ || now < *wake_at_) {
    return;
  }
  wake_at_.reset();
  asked_ = targets_[current_];
  ping_ = asked_;
  is_in_flight_ = true;
}

std::optional<FirstPing::Target> FirstPing::poll_ping() {
  return std::exchange(ping_, std::nullopt);
}

}  // namespace agent
