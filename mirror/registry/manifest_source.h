#pragma once

#include <functional>
#include <map>

#include "mirror/registry/replica_set.h"
#include "mirror/select/race.h"
#include "overlay/base/result.h"
#include "overlay/loop/timer.h"

namespace mirror {

// One manifest from whichever replica delivers it first, asked in the selector's order.
class ManifestSource {
 public:
  // Errors: NotFound when every replica that could be asked says so, or has nothing of use under
  // that name (or none could be asked); Unavailable when at least one failed otherwise, so that
  // nobody knows.
  using OnEnd = std::function<void(base::Result<StoredManifest>)>;

  // Requires a manifest target. `on_end` runs once, from the loop, and may destroy this.
  ManifestSource(ReplicaSet& replicas, Target target, OnEnd on_end);
  ManifestSource(const ManifestSource&) = delete;
  ManifestSource& operator=(const ManifestSource&) = delete;

 private:
  void pump();
  void start(const Candidate& candidate);
  void handle_answer(ReplicaId id, ManifestAnswer answer);

  ReplicaSet& replicas_;
  Target target_;
  Want want_;
  OnEnd on_end_;
  Race race_;
  bool is_started_ = false;
  bool has_failure_ = false;
  std::map<ReplicaId, loop::RequestHandle> attempts_;
  loop::Timer timer_;
};

}  // namespace mirror
