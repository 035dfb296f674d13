#include "overlay/agent/reconciler.h"

#include <set>
#include <utility>

#include "overlay/device/sysctl.h"
#include "overlay/plan/diff.h"
#include "overlay/plan/family.h"

namespace agent {

void Reconciler::set_wanted(base::TimePoint now) {
  is_applied_ = false;
  if (is_in_flight_) {
    is_changed_ = true;
    return;
  }
  backoff_.reset();
  wake_at_ = now;
}

void Reconciler::handle_done(base::TimePoint now, bool is_good) {
  if (!is_in_flight_) {
    return;
  }
  is_in_flight_ = false;
  if (is_changed_) {
    wake_at_ = now;
    return;
  }
  is_applied_ = is_good;
  if (is_good) {
    backoff_.reset();
    wake_at_ = now + kRecheckInterval;
  } else {
    wake_at_ = now + backoff_.next();
  }
}

void Reconciler::handle_timeout(base::TimePoint now) {
  if (!wake_at_ || now < *wake_at_) {
    return;
  }
  wake_at_.reset();
  is_in_flight_ = true;
  is_changed_ = false;
  is_due_ = true;
}

bool Reconciler::poll_run() {
  return std::exchange(is_due_, false);
}

ReconcileOutcome reconcile_once(device::Device& device, base::DeviceState wanted,
                                base::WallTime now) {
  std::string problem;
  if (!device::is_ipv6_usable() && plan::without_family(wanted, base::Family::V6)) {
    problem = "IPv6 is disabled on this host: it is on the overlay with IPv4 only";
  }
  std::set<std::string> keys;
  for (const auto& [key, value] : wanted.sysctls) {
    keys.insert(key);
  }
  const auto actual = device.read(keys, now);
  if (!actual.ok()) {
    return {.status = actual.error(), .changes = 0, .steps = {}, .problem = std::move(problem)};
  }
  const auto changes = plan::diff(wanted, actual.value());
  ReconcileOutcome outcome;
  outcome.problem = std::move(problem);
  outcome.changes = changes.size();
  for (const auto& change : changes) {
    if (outcome.steps.size() == kLoggedStepsMax) {
      break;
    }
    outcome.steps.push_back(base::text_of(change));
  }
  outcome.status = device.apply(changes);
  return outcome;
}

}  // namespace agent
