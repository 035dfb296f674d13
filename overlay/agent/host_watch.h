// Decides when this host's addresses are looked at, and when the coordinator is told that they are
// not what it says of this node any more: a lease that gave another address, a cable in another
// port, another configuration.
//
//   feed    set_known, handle_connected, handle_read, handle_sent, handle_timeout
//   drain   poll_read, poll_send
//   sleep   next_timeout
//
// What the coordinator knows is taken from its own fact about this node, not from what was last
// sent: so it is told again after a restore that lost it. A difference counts when two readings in
// a row show it, kSettle apart, because an address that is being replaced is gone for a moment.
//
// Where a gateway is reached from outside only the coordinator sees. When that changes the view
// stream breaks, so each time it is open again such a node sends an update to be looked at.
//
// Invariants: at most one reading or update is in flight; an update that was taken is not followed
// by another within kGapMin, one that was not within a wait that grows; a host without any address
// tells nothing.
#pragma once

#include <optional>

#include "overlay/base/backoff.h"
#include "overlay/base/ip.h"
#include "overlay/base/random.h"
#include "overlay/base/time.h"
#include "overlay/model/facts.h"
#include "overlay/model/node_update.h"

namespace agent {

class HostWatch {
 public:
  static constexpr base::Duration kInterval = std::chrono::seconds(10);
  static constexpr base::Duration kSettle = std::chrono::seconds(3);
  static constexpr base::Duration kGapMin = std::chrono::seconds(60);
  static constexpr base::Duration kRetryFirst = std::chrono::seconds(2);
  static constexpr base::Duration kRetryMax = std::chrono::minutes(5);
  // After a coordinator's restart all gateways are connected again at one moment.
  static constexpr base::Duration kConnectSpread = std::chrono::seconds(5);

  struct Options {
    bool is_observed = false;  // the coordinator takes an address from where requests come
  };

  // Keeps a reference to `random`, which must outlive this.
  HostWatch(Options options, base::RandomSource& random)
      : options_(options), random_(random), backoff_(kRetryFirst, kRetryMax, random) {}

  // What the coordinator says of this node. The first begins the watch.
  void set_known(base::TimePoint now, const model::NodeFact& fact);
  // The view stream is open.
  void handle_connected(base::TimePoint now);
  // What the host is now; nothing when that could not be read.
  void handle_read(base::TimePoint now, std::optional<model::NodeUpdate> seen);
  // The update in flight was taken, or not.
  void handle_sent(base::TimePoint now, bool is_taken);
  void handle_timeout(base::TimePoint now);

  // True once for each reading that is to be made now.
  bool poll_read();
  // Each update that is to be sent now, once.
  std::optional<model::NodeUpdate> poll_send();
  std::optional<base::TimePoint> next_timeout() const { return wake_at_; }

 private:
  bool is_idle() const { return known_.has_value() && !is_reading_ && !is_sending_; }

  Options options_;
  base::RandomSource& random_;
  base::Backoff backoff_;
  std::optional<model::NodeFact> known_;
  std::optional<model::NodeUpdate> seen_;  // by the latest reading
  bool is_observation_due_ = false;
  bool is_reading_ = false;
  bool is_read_due_ = false;
  bool is_sending_ = false;
  std::optional<model::NodeUpdate> to_send_;
  std::optional<base::TimePoint> quiet_until_;
  std::optional<base::TimePoint> wake_at_;
};

}  // namespace agent
