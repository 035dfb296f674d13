#pragma once

#include <deque>
#include <optional>

#include "overlay/base/time.h"

namespace mirror {

// How far away a replica is, from round trips measured on a warm connection.
class LatencyEstimate {
 public:
  // Takes one sample. True if it is the one that shows that the path has become longer: the older
  // samples are then forgotten, so that lowest() speaks of the new path at once.
  //
  // Beside a transfer of this host's own from there, a high sample is the transfer's queue: it says
  // nothing about the path, and is not taken.
  bool add(base::Duration rtt, base::TimePoint now, bool is_beside_transfer = false);

  // The least of the last kLatencySamplesMax samples not older than kLatencyWindow. What the choice
  // is made by.
  std::optional<base::Duration> lowest(base::TimePoint now) const;

  // Smoothed, for people.
  std::optional<base::Duration> smoothed() const { return smoothed_; }

 private:
  struct Sample {
    base::Duration rtt{0};
    base::TimePoint at;
  };
  std::deque<Sample> samples_;  // oldest first
  std::optional<base::Duration> smoothed_;
  int high_in_a_row_ = 0;
};

}  // namespace mirror
