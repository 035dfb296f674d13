#include "mirror/select/health.h"

#include <algorithm>
#include <utility>

#include "mirror/select/parameters.h"

namespace mirror {

Health::State Health::state(base::TimePoint now) const {
  if (ejected_until_) {
    return now < *ejected_until_ ? State::Ejected : State::HalfOpen;
  }
  return failures_ > 0 ? State::Suspect : State::Healthy;
}

void Health::handle_success(Witness witness, base::TimePoint now) {
  switch (state(now)) {
    case State::Ejected:
      // A request that got through although ejected (nothing else was left) proves more than a
      // probe: a probe alone waits for its time.
      if (witness == Witness::Probe) {
        return;
      }
      break;
    case State::HalfOpen:
      if (witness == Witness::Probe && ++probes_ok_ < kProbesToRecover) {
        return;
      }
      break;
    case State::Healthy:
    case State::Suspect:
      break;
  }
  failures_ = 0;
  probes_ok_ = 0;
  if (ejected_until_ || !healthy_since_) {
    healthy_since_ = now;
  } else if (now - *healthy_since_ >= kEjectionForgotten) {
    ejections_ = 0;
  }
  ejected_until_.reset();
}

void Health::handle_failure(Witness witness, std::string why, base::TimePoint now) {
  if (witness == Witness::Probe && bytes_at_ && now - *bytes_at_ <= kEvidenceOfLife) {
    return;
  }
  last_failure_ = std::move(why);
  if (state(now) == State::Ejected) {
    return;
  }
  ++failures_;
  if (failures_ >= kFailuresToEject || state(now) == State::HalfOpen) {
    eject(now);
  }
}

void Health::eject(base::TimePoint now) {
  const int doublings = std::min(ejections_, 10);  // 2^10 x 30 s is far above the cap
  const base::Duration full =
      std::min<base::Duration>(kEjectionFirst * (1 << doublings), kEjectionMax);
  const auto extra =
      static_cast<base::Duration::rep>(static_cast<double>(full.count()) * 0.1 * jitter_);
  ejected_until_ = now + full + base::Duration(extra);
  ++ejections_;
  failures_ = 0;
  probes_ok_ = 0;
  healthy_since_.reset();
}

std::string_view name_of(Health::State state) {
  switch (state) {
    case Health::State::Healthy:
      return "healthy";
    case Health::State::Suspect:
      return "suspect";
    case Health::State::Ejected:
      return "ejected";
    case Health::State::HalfOpen:
      return "half-open";
  }
  return "";
}

}  // namespace mirror
