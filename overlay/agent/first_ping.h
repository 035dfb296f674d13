// Decides when this server counts as up: while somebody on the overlay answers pings.
//
// The targets are tried in turn, the preferred ones first, kRetryInterval apart, until one answers;
// from then on the same machine goes on measuring, at the slower kRefreshInterval, so that a report
// carries a round trip that is true now. It is down again, and shows no round trip, when everybody
// was asked kAttemptsPerTarget times without an answer, and kMissesDownMin times in all. A server
// with nobody to ping is up as soon as its interface is configured, and says that it is alone.
//
//   feed    set_targets, handle_reply, handle_timeout
//   drain   poll_ping         until empty
//   sleep   next_timeout
//
// Invariants: at most one ping is in flight; answered_by() and rtt() are there only while up.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "overlay/base/ip.h"
#include "overlay/base/time.h"

namespace agent {

class FirstPing {
 public:
  static constexpr base::Duration kReplyTimeout = std::chrono::seconds(1);
  static constexpr base::Duration kRetryInterval = std::chrono::milliseconds(100);
  static constexpr base::Duration kRefreshInterval = std::chrono::seconds(15);
  static constexpr std::size_t kTargetsMax = 8;
  // A preferred target is asked this often before the next one gets its turn: a tunnel's first
  // packets wait for a handshake, and for the other side to have heard of us.
  static constexpr int kAttemptsPerTarget = 3;
  // With kReplyTimeout a server is not down for less than some six seconds of silence.
  static constexpr int kMissesDownMin = 6;

  struct Target {
    std::string name;  // of the node
    base::Address address;

    friend bool operator==(const Target&, const Target&) = default;
  };

  // The interface is configured, and these are worth pinging, best first; more than kTargetsMax are
  // cut. No target at all: alone, hence up. The same targets again change nothing.
  void set_targets(base::TimePoint now, std::vector<Target> targets);
  // The answer to the ping in flight; no `rtt` when there was none. Ignored when none is in flight.
  void handle_reply(base::TimePoint now, std::optional<base::Duration> rtt);
  void handle_timeout(base::TimePoint now);

  // Whom to ping now, with kReplyTimeout; the caller feeds handle_reply exactly once for it.
  std::optional<Target> poll_ping();
  std::optional<base::TimePoint> next_timeout() const { return wake_at_; }

  bool is_up() const { return is_up_; }
  bool is_alone() const { return is_configured_ && targets_.empty(); }
  // The target that answered last, and its round trip.
  const std::optional<Target>& answered_by() const { return answered_by_; }
  std::optional<base::Duration> rtt() const { return rtt_; }
  // Pings without an answer since the last one that had one.
  int misses() const { return misses_; }

 private:
  void wake_after(base::TimePoint now, base::Duration wait);
  void note_miss();

  std::vector<Target> targets_;
  std::size_t current_ = 0;
  int attempts_ = 0;  // at the current target, without an answer
  bool is_configured_ = false;
  bool is_up_ = false;
  bool is_in_flight_ = false;
  int misses_ = 0;
  std::optional<Target> asked_;
  std::optional<Target> answered_by_;
  std::optional<base::Duration> rtt_;
  std::optional<Target> ping_;
  std::optional<base::TimePoint> wake_at_;
};

}  // namespace agent
