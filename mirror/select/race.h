#pragma once

#include <optional>
#include <set>
#include <vector>

#include "mirror/select/selector.h"
#include "overlay/base/time.h"

namespace mirror {

// In which order and how soon candidates are asked for one thing: the next one as soon as nobody is
// being asked, or when those asked have been silent for kHedgeAfter. A machine; its owner asks.
class Race {
 public:
  static constexpr base::Duration kHedgeAfter = std::chrono::milliseconds(300);
  static constexpr std::size_t kRunningMax = 3;

  Race() = default;
  explicit Race(std::vector<Candidate> candidates) : waiting_(std::move(candidates)) {}

  // The next candidate to ask, if its time has come. Call until it gives nothing.
  std::optional<Candidate> poll_start(base::TimePoint now);
  // `id`, given out before, does not deliver.
  void handle_loss(ReplicaId id) { running_.erase(id); }

  // Nobody is being asked and nobody is left.
  bool is_lost() const { return running_.empty() && waiting_.empty(); }
  std::optional<base::TimePoint> next_timeout() const;

 private:
  std::vector<Candidate> waiting_;  // best first
  std::set<ReplicaId> running_;
  base::TimePoint started_at_;  // the last one
};

}  // namespace mirror
