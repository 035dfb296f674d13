// What nodes say about themselves, in memory only: when each was last heard, whether it is up, what
// it has applied, and which of several servers with its keys speaks for it. None of it is state;
// after a restart it fills again as agents come back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "coordinator/domain/records.h"
#include "overlay/base/ip.h"
#include "overlay/base/time.h"
#include "overlay/model/replay_guard.h"
#include "overlay/model/report.h"
#include "overlay/model/request_signature.h"

namespace coordinator {

enum class NodeState { Joining, Up, Down, Offline };

std::string_view name_of(NodeState state);

class Fleet {
 public:
  // A node that has not been heard for this long, and follows no view, is offline: three of an
  // agent's usual reports.
  static constexpr base::Duration kSilenceMax = std::chrono::seconds(90);

  // A parked copy is shown for so long after it was last heard, at most so many of a node.
  static constexpr base::Duration kParkedShownFor = std::chrono::hours(1);
  static constexpr std::size_t kParkedMax = 8;
  static constexpr std::size_t kFormerMax = 8;
  // That copies of a node were seen is written down no more often than this.
  static constexpr base::Duration kNewsGap = std::chrono::minutes(1);

  // Somebody who has a node's keys.
  struct Speaker {
    model::HostId host;
    std::optional<base::Address> remote;  // none: it enrolled, and was not heard since we began
    base::WallTime last_seen;
  };
  struct Seen {
    base::WallTime last_seen;
    std::size_t streams = 0;  // view streams that it has open
    std::optional<model::NodeReport> report;
    model::ReplayGuard guard;
    std::optional<Speaker> speaker;
    std::vector<model::HostId> former;  // spoke before, newest last
    std::vector<Speaker> parked;        // copies, the last heard last
    base::WallTime news_at;
  };
  // What became of a signed request.
  struct Verdict {
    base::Status status;   // Conflict: parked, the text names both; Unauthenticated: a repeat
    bool is_news = false;  // parked, and worth an entry in the audit log
  };

  // `started_at`: when this coordinator began to listen.
  explicit Fleet(base::WallTime started_at = {}) : started_at_(started_at) {}

  // Whether the request that `host` signed at `signed_at` counts (PROTOCOL.md, 4).
  Verdict accept(const Node& node, const model::HostId& host, const base::Address& remote,
                 base::WallTime signed_at, base::WallTime now);
  void report(model::NodeId node, model::NodeReport report);
  void stream_opened(model::NodeId node);
  void stream_closed(model::NodeId node, base::WallTime now);
  void forget(model::NodeId node);

  // Null if it was not heard since this process began.
  const Seen* find(model::NodeId node) const;
  // Joining until it has said that it is up, as long as it is heard or has only just joined; down
  // when it says that it was up once and is not now.
  NodeState state_of(const Node& node, base::WallTime now) const;

  // The copies of the node that were heard lately.
  std::vector<Speaker> parked(model::NodeId node, base::WallTime now) const;

  std::size_t size() const { return seen_.size(); }

 private:
  static bool may_take_over(const Seen& seen, const model::HostId& host, base::WallTime now);
  static bool park(Seen& seen, const Speaker& copy);
  static bool take_over(Seen& seen, const model::HostId& host, base::WallTime now);

  base::WallTime started_at_;
  std::unordered_map<std::uint64_t, Seen> seen_;
};

}  // namespace coordinator
