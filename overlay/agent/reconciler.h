// Decides when the host's devices are compared with the plan and mended: at once when the plan
// changed, again after kRecheckInterval to repair what others changed, with backoff after an error.
//
//   feed    set_wanted, handle_done, handle_timeout
//   drain   poll_run
//   sleep   next_timeout
//
// A run is reconcile_once(), on a work thread. Invariant: at most one run is in flight; nothing is
// ever taken down because the agent ends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "overlay/base/backoff.h"
#include "overlay/base/device_state.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/device/device.h"

namespace agent {

class Reconciler {
 public:
  static constexpr base::Duration kRecheckInterval = std::chrono::seconds(30);
  static constexpr base::Duration kRetryFirst = std::chrono::milliseconds(500);
  static constexpr base::Duration kRetryMax = std::chrono::seconds(30);

  // Keeps a reference to `random`, which must outlive this.
  explicit Reconciler(base::RandomSource& random) : backoff_(kRetryFirst, kRetryMax, random) {}

  // There is a (new) plan.
  void set_wanted(base::TimePoint now);
  // The run in flight has ended: the devices were as wanted afterwards, or not.
  void handle_done(base::TimePoint now, bool is_good);
  void handle_timeout(base::TimePoint now);

  // True once for each run that is to begin now, with the plan of this moment.
  bool poll_run();
  std::optional<base::TimePoint> next_timeout() const { return wake_at_; }

  // The devices were as the latest plan wants them when they were last looked at.
  bool is_applied() const { return is_applied_; }

 private:
  base::Backoff backoff_;
  bool is_in_flight_ = false;
  bool is_changed_ = false;  // since the run in flight began
  bool is_due_ = false;
  bool is_applied_ = false;
  std::optional<base::TimePoint> wake_at_;
};

// What one run did.
struct ReconcileOutcome {
  base::Status status;
  std::size_t changes = 0;
  std::vector<std::string> steps;  // the first kLoggedStepsMax, for the log
  std::string problem;             // what this host cannot do, one line; empty: nothing
};
inline constexpr std::size_t kLoggedStepsMax = 8;

// Reads the devices, takes the steps that are missing. On a host without IPv6 its part of `wanted`
// is left out, which is a problem and no error. Blocking.
ReconcileOutcome reconcile_once(device::Device& device, base::DeviceState wanted,
                                base::WallTime now);

}  // namespace agent
