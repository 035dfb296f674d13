#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "mirror/select/selector.h"
#include "overlay/base/random.h"
#include "overlay/base/time.h"

namespace mirror {

// When to probe whom. A machine beside the Selector, which it feeds with results:
//
//   feed    handle_success, handle_failure (one of both for each probe given out), hurry
//   drain   poll_probes     the probes to start now
//   sleep   next_timeout
//
// A round asks everybody worth asking: kSettlingRounds of them at once, a second apart, when a
// replica has appeared, then every 20..30 s, 5 s while somebody is suspect; between rounds the
// replicas in use are watched. At most one probe is under way for a replica.
class ProbePlan {
 public:
  // Keeps both references, which must outlive this.
  ProbePlan(Selector& selector, base::RandomSource& random)
      : selector_(selector), random_(random) {}

  std::vector<ReplicaId> poll_probes(base::TimePoint now);
  void handle_success(ReplicaId id, base::Duration rtt, base::TimePoint now);
  void handle_failure(ReplicaId id, std::string why, base::TimePoint now);

  // A real request to `id` failed, or the site map changed: look now.
  void hurry(ReplicaId id, base::TimePoint now);
  void hurry_round(base::TimePoint now) { round_at_ = now; }

  base::TimePoint next_timeout() const;

 private:
  void finish(ReplicaId id, base::TimePoint now);
  base::Duration round_interval(base::TimePoint now);

  Selector& selector_;
  base::RandomSource& random_;
  base::TimePoint round_at_{};  // the past: the first round is at once
  base::TimePoint watch_at_{};
  std::map<ReplicaId, base::TimePoint> reprobe_at_;
  std::set<ReplicaId> running_;
  std::set<ReplicaId> round_waits_for_;
  bool is_round_open_ = false;
};

}  // namespace mirror
