#include "mirror/select/probe_plan.h"

#include <algorithm>
#include <utility>

#include "mirror/select/parameters.h"

namespace mirror {

base::Duration ProbePlan::round_interval(base::TimePoint now) {
  if (selector_.is_settling()) {
    return kRoundIntervalSettling;
  }
  if (selector_.is_degraded(now)) {
    return kRoundIntervalDegraded;
  }
  const auto spread =
      std::chrono::duration_cast<std::chrono::milliseconds>(kRoundIntervalMax - kRoundIntervalMin);
  const auto extra = random_.below(static_cast<std::uint64_t>(spread.count()) + 1);
  return kRoundIntervalMin + std::chrono::milliseconds(extra);
}

std::vector<ReplicaId> ProbePlan::poll_probes(base::TimePoint now) {
  std::set<ReplicaId> wanted;
  if (now >= round_at_ && !is_round_open_) {
    for (const ReplicaId id : selector_.round_targets(now)) {
      wanted.insert(id);
      round_waits_for_.insert(id);
    }
    is_round_open_ = !round_waits_for_.empty();
    round_at_ = now + round_interval(now);
  }
  if (now >= watch_at_) {
    for (const ReplicaId id : selector_.watch_targets(now)) {
      wanted.insert(id);
    }
    watch_at_ = now + kWatchInterval;
  }
  for (auto at = reprobe_at_.begin(); at != reprobe_at_.end();) {
    if (now < at->second) {
      ++at;
      continue;
    }
    if (selector_.find(at->first) != nullptr) {
      wanted.insert(at->first);
    }
    at = reprobe_at_.erase(at);
  }
  std::vector<ReplicaId> out;
  for (const ReplicaId id : wanted) {
    if (running_.insert(id).second) {
      out.push_back(id);
    }
  }
  return out;
}

void ProbePlan::handle_success(ReplicaId id, base::Duration rtt, base::TimePoint now) {
  selector_.handle_probe_success(id, rtt, now);
  finish(id, now);
}

void ProbePlan::handle_failure(ReplicaId id, std::string why, base::TimePoint now) {
  selector_.handle_probe_failure(id, std::move(why), now);
  reprobe_at_[id] = now + kReprobeAfterFailure;
  if (selector_.is_degraded(now)) {
    round_at_ = std::min(round_at_, now + kRoundIntervalDegraded);
  } else {
    reprobe_at_.erase(id);  // ejected: the rounds look after it
  }
  finish(id, now);
}

void ProbePlan::finish(ReplicaId id, base::TimePoint now) {
  running_.erase(id);
  round_waits_for_.erase(id);
  if (is_round_open_ && round_waits_for_.empty()) {
    is_round_open_ = false;
    const bool was_settling = selector_.is_settling();
    selector_.handle_round(now);
    if (was_settling && !selector_.is_settling()) {
      round_at_ = now + round_interval(now);  // not a second later, as it was planned at its start
    }
  }
}

void ProbePlan::hurry(ReplicaId id, base::TimePoint now) {
  reprobe_at_.try_emplace(id, now);
}

base::TimePoint ProbePlan::next_timeout() const {
  base::TimePoint at = std::min(is_round_open_ ? watch_at_ : round_at_, watch_at_);
  for (const auto& [id, when] : reprobe_at_) {
    at = std::min(at, when);
  }
  return at;
}

}  // namespace mirror
