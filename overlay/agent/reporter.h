// Decides when the coordinator is told how this server is doing: at once when something changed
// (but not more often than kGapMin), otherwise every kInterval give or take kJitter, so that a
// fleet that started at one moment does not report at one moment.
//
//   feed    mark_changed, handle_connected, handle_sent, handle_timeout
//   drain   poll_send
//   sleep   next_timeout
//
// Invariant: at most one report is in flight. A failed one is repeated with backoff.
#pragma once

#include <optional>

#include "overlay/base/backoff.h"
#include "overlay/base/random.h"
#include "overlay/base/time.h"

namespace agent {

class Reporter {
 public:
  static constexpr base::Duration kInterval = std::chrono::seconds(30);
  static constexpr base::Duration kJitter = std::chrono::seconds(6);
  static constexpr base::Duration kGapMin = std::chrono::milliseconds(500);
  static constexpr base::Duration kRetryFirst = std::chrono::seconds(1);
  static constexpr base::Duration kRetryMax = std::chrono::seconds(60);

  // Keeps a reference to `random`, which must outlive this. Silent until the first mark_changed.
  explicit Reporter(base::RandomSource& random)
      : random_(random), backoff_(kRetryFirst, kRetryMax, random) {}

  void mark_changed(base::TimePoint now);
  // The coordinator is in reach again, and may have forgotten what it was told: no wait is left
  // over from when it was not.
  void handle_connected(base::TimePoint now);
  // The report in flight was taken, or not.
  void handle_sent(base::TimePoint now, bool is_taken);
  void handle_timeout(base::TimePoint now);

  // True once for each report that is to be sent now.
  bool poll_send();
  std::optional<base::TimePoint> next_timeout() const { return wake_at_; }

 private:
  base::RandomSource& random_;
  base::Backoff backoff_;
  bool is_in_flight_ = false;
  bool is_changed_ = false;
  bool is_due_ = false;
  std::optional<base::TimePoint> sent_at_;
  std::optional<base::TimePoint> wake_at_;
};

}  // namespace agent
