// What nodes say about themselves, in memory only: when each was last heard, whether it is up, what
// it has applied. None of it is state; after a restart it fills again as agents come back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "coordinator/domain/records.h"
#include "overlay/base/time.h"
#include "overlay/model/replay_guard.h"
#include "overlay/model/report.h"

namespace coordinator {

enum class NodeState { Joining, Up, Offline };

std::string_view name_of(NodeState state);

class Fleet {
 public:
  // A node that has not been heard for this long, and follows no view, is offline: three of an
  // agent's usual reports.
  static constexpr base::Duration kSilenceMax = std::chrono::seconds(90);

  struct Seen {
    base::WallTime last_seen;
    std::size_t streams = 0;  // view streams that it has open
    std::optional<model::NodeReport> report;
    model::ReplayGuard guard;
  };

  // The node sent something that it signed at `signed_at`. Errors: Unauthenticated for a repeat.
  base::Status accept(model::NodeId node, base::WallTime signed_at, base::WallTime now);
  void report(model::NodeId node, model::NodeReport report);
  void stream_opened(model::NodeId node);
  void stream_closed(model::NodeId node, base::WallTime now);
  void forget(model::NodeId node);

  // Null if it was not heard since this process began.
  const Seen* find(model::NodeId node) const;
  // Joining until it has said that it is up, as long as it is heard or has only just joined.
  NodeState state_of(const Node& node, base::WallTime now) const;

  std::size_t size() const { return seen_.size(); }

 private:
  std::unordered_map<std::uint64_t, Seen> seen_;
};

}  // namespace coordinator
