#include "mirror/select/race.h"

namespace mirror {

std::optional<Candidate> Race::poll_start(base::TimePoint now) {
  const bool is_due =
      running_.empty() || (running_.size() < kRunningMax && now - started_at_ >= kHedgeAfter);
  if (waiting_.empty() || !is_due) {
    return std::nullopt;
  }
  Candidate next = waiting_.front();
  waiting_.erase(waiting_.begin());
  running_.insert(next.id);
  started_at_ = now;
  return next;
}

std::optional<base::TimePoint> Race::next_timeout() const {
  if (waiting_.empty() || running_.size() >= kRunningMax) {
    return std::nullopt;
  }
  return running_.empty() ? started_at_ : started_at_ + kHedgeAfter;
}

}  // namespace mirror
