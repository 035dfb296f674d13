#include "coordinator/server/fleet.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace coordinator {

std::string_view name_of(NodeState state) {
  switch (state) {
    case NodeState::Joining:
      return "joining";
    case NodeState::Up:
      return "up";
    case NodeState::Down:
      return "down";
    case NodeState::Offline:
      return "offline";
  }
  return "";
}

// Whether `host` speaks for the node from now on, though another did so last.
bool Fleet::may_take_over(const Seen& seen, const model::HostId& host, base::WallTime now) {
  if (now - seen.speaker->last_seen > kSilenceMax) {
    return true;
  }
  if (std::find(seen.former.begin(), seen.former.end(), host) != seen.former.end()) {
    return true;
  }
  const bool is_parked = std::any_of(seen.parked.begin(), seen.parked.end(),
                                     [&](const Speaker& copy) { return copy.host == host; });
  return !is_parked && host.machine_id == seen.speaker->host.machine_id;
}

// True if that is new.
bool Fleet::park(Seen& seen, const Speaker& copy) {
  const auto known = std::find_if(seen.parked.begin(), seen.parked.end(),
                                  [&](const Speaker& one) { return one.host == copy.host; });
  const bool is_new = known == seen.parked.end();
  if (!is_new) {
    seen.parked.erase(known);
  } else if (seen.parked.size() >= kParkedMax) {
    seen.parked.erase(seen.parked.begin());
  }
  seen.parked.push_back(copy);
  return is_new;
}

// `host` speaks from now on. One that spoke before was not ended by what took over from it, so that
// is a copy: true if this is new.
bool Fleet::take_over(Seen& seen, const model::HostId& host, base::WallTime now) {
  const bool was_alive = now - seen.speaker->last_seen <= kSilenceMax;
  const auto before = std::find(seen.former.begin(), seen.former.end(), host);
  const bool is_back = before != seen.former.end();
  if (is_back) {
    seen.former.erase(before);
  }
  std::erase_if(seen.parked, [&](const Speaker& copy) { return copy.host == host; });
  if (is_back && was_alive) {
    return park(seen, *seen.speaker);
  }
  if (seen.former.size() >= kFormerMax) {
    seen.former.erase(seen.former.begin());
  }
  seen.former.push_back(seen.speaker->host);
  return false;
}

Fleet::Verdict Fleet::accept(const Node& node, const model::HostId& host,
                             const base::Address& remote, base::WallTime signed_at,
                             base::WallTime now) {
  Seen& seen = seen_[node.id.value];
  if (!seen.speaker.has_value()) {
    seen.speaker = {.host = {.machine_id = node.machine_id, .boot_id = node.boot_id},
                    .remote = std::nullopt,
                    .last_seen = std::max(started_at_, node.joined_at)};
  }
  const bool is_other = seen.speaker->host != host;
  if (is_other && !may_take_over(seen, host, now)) {
    const bool is_news = park(seen, {.host = host, .remote = remote, .last_seen = now}) &&
                         now - seen.news_at >= kNewsGap;
    if (is_news) {
      seen.news_at = now;
    }
    return {.status = base::Error(
                base::Errc::Conflict,
                "this server has the identity of node \"" + node.name +
                    "\", for which another one speaks, " +
                    (seen.speaker->remote.has_value() ? "heard from " + seen.speaker->remote->text()
                                                      : std::string("which enrolled it")) +
                    ": its disk looks like a copy; run 'linkspan leave' here and join again"),
            .is_news = is_news};
  }
  if (auto status = seen.guard.accept(signed_at); !status.ok()) {
    return {.status = status};
  }
  bool is_news = false;
  if (is_other) {
    is_news = take_over(seen, host, now);
  }
  seen.speaker = {.host = host, .remote = remote, .last_seen = now};
  seen.last_seen = now;
  return {.status = {}, .is_news = is_news};
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

std::vector<Fleet::Speaker> Fleet::parked(model::NodeId node, base::WallTime now) const {
  std::vector<Speaker> copies;
  if (const Seen* seen = find(node); seen != nullptr) {
    std::copy_if(seen->parked.begin(), seen->parked.end(), std::back_inserter(copies),
                 [&](const Speaker& copy) { return now - copy.last_seen <= kParkedShownFor; });
  }
  return copies;
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
    const model::NodeReport& report = *seen->report;
    const bool was_up = report.first_ping_ms.has_value();
    return report.up ? NodeState::Up : was_up ? NodeState::Down : NodeState::Joining;
  }
  if (is_heard || now - node.joined_at <= kSilenceMax) {
    return NodeState::Joining;
  }
  return NodeState::Offline;
}

}  // namespace coordinator
