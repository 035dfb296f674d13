#include "coordinator/server/fleet.h"

#include <utility>

namespace coordinator {

std::string_view name_of(NodeState state) {
  switch (state) {
    case NodeState::Joining:
      return "joining";
    case NodeState::Up:
      return "up";
    case NodeState::Offline:
      return "offline";
  }
  return "";
}

base::Status Fleet::accept(model::NodeId node, base::WallTime signed_at, base::WallTime now) {
  Seen& seen = seen_[node.value];
  if (auto status = seen.guard.accept(signed_at); !status.ok()) {
    return status;
  }
  seen.last_seen = now;
  return {};
}

void Fleet::report(model::NodeId node, model::NodeReport report) {
  seen_[node.value].report = std::move(report);
}

void Fleet::stream_opened(model::NodeId node) {
  ++seen_[node.value].streams;
}

void Fleet::stream_closed(model::NodeId node, base::WallTime now) {
  const auto it = seen_.find(node.value);
  if (it != seen_.end() && it->second.streams > 0) {
    --it->second.streams;
    it->second.last_seen = now;
  }
}

void Fleet::forget(model::NodeId node) {
  seen_.erase(node.value);
}

const Fleet::Seen* Fleet::find(model::NodeId node) const {
  const auto it = seen_.find(node.value);
  return it == seen_.end() ? nullptr : &it->second;
}

NodeState Fleet::state_of(const Node& node, base::WallTime now) const {
  const Seen* seen = find(node.id);
  const bool is_heard =
      seen != nullptr && (seen->streams > 0 || now - seen->last_seen <= kSilenceMax);
  if (is_heard && seen->report.has_value()) {
    return seen->report->up ? NodeState::Up : NodeState::Joining;
  }
  if (is_heard || now - node.joined_at <= kSilenceMax) {
    return NodeState::Joining;
  }
  return NodeState::Offline;
}

}  // namespace coordinator
