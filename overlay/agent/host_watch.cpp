#include "overlay/agent/host_watch.h"

#include <algorithm>
#include <utility>

namespace agent {

void HostWatch::set_known(base::TimePoint now, const model::NodeFact& fact) {
  const bool is_first = !known_.has_value();
  known_ = fact;
  if (is_first) {
    wake_at_ = now;
  }
}

void HostWatch::handle_connected(base::TimePoint now) {
  if (backoff_.attempts() > 0) {
    backoff_.reset();
    quiet_until_.reset();
  }
  is_observation_due_ = is_observation_due_ || options_.is_observed;
  if (is_observation_due_ && is_idle()) {
    const auto spread = static_cast<std::uint64_t>(kConnectSpread.count());
    wake_at_ = now + base::Duration(random_.below(spread + 1));
  }
}

void HostWatch::handle_read(base::TimePoint now, std::optional<model::NodeUpdate> seen) {
  if (!is_reading_) {
    return;
  }
  is_reading_ = false;
  wake_at_ = now + kInterval;
  if (!seen.has_value() || seen->lan_addresses.empty()) {
    seen_.reset();
    return;
  }
  const bool is_settled = seen_ == seen;
  seen_ = std::move(seen);
  if (!is_observation_due_ && model::is_told_by(*seen_, *known_)) {
    return;
  }
  if (quiet_until_ && now < *quiet_until_) {
    wake_at_ = std::min(*wake_at_, *quiet_until_);
    return;
  }
  if (!is_settled) {
    wake_at_ = now + kSettle;
    return;
  }
  wake_at_.reset();
  is_observation_due_ = false;
  is_sending_ = true;
  to_send_ = seen_;
}

void HostWatch::handle_sent(base::TimePoint now, bool is_taken) {
  if (!is_sending_) {
    return;
  }
  is_sending_ = false;
  if (is_taken) {
    backoff_.reset();
    quiet_until_ = now + kGapMin;
    wake_at_ = now + kInterval;
    return;
  }
  is_observation_due_ = options_.is_observed;
  quiet_until_ = now + backoff_.next();
  wake_at_ = std::min(*quiet_until_, now + kInterval);
}

void HostWatch::handle_timeout(base::TimePoint now) {
  if (!wake_at_ || now < *wake_at_) {
    return;
  }
  wake_at_.reset();
  is_reading_ = true;
  is_read_due_ = true;
}

bool HostWatch::poll_read() {
  return std::exchange(is_read_due_, false);
}

std::optional<model::NodeUpdate> HostWatch::poll_send() {
  return std::exchange(to_send_, std::nullopt);
}

}  // namespace agent
