// ICMP echo of both families, for first-ping and round-trip times.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "overlay/base/ip.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/loop.h"

namespace loop {

// Sends echo requests over raw sockets, one per family, opened at the first use of a family. Needs
// CAP_NET_RAW. Replies are matched by identifier, sequence and source address, so other pings of
// the host are not taken for ours.
class Pinger {
 public:
  struct Target {
    base::Address address;
    std::string interface;  // leave by this interface; empty: as routed
    base::Duration timeout = std::chrono::seconds(1);
  };
  // The round-trip time, to a microsecond; or Unavailable: no reply in time, or unreachable.
  using OnReply = std::function<void(base::Result<base::Duration>)>;

  static constexpr std::size_t kInFlightMax = 4096;

  explicit Pinger(Loop& loop);
  ~Pinger();  // no callback runs any more
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

  // Sends one echo request; `on_reply` runs exactly once, in a later turn.
  //
  // Errors, with nothing sent and no callback to come: LimitExceeded over kInFlightMax;
  // Unavailable without the right to open raw sockets, with no route, or no such interface.
  base::Status ping(const Target& target, OnReply on_reply);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace loop
