#include "coordinator/server/view_hub.h"

#include <algorithm>
#include <utility>

#include "overlay/model/view_frame.h"

namespace coordinator {

ViewHub::ViewHub(loop::Loop& loop, base::RandomSource& random, std::function<ViewLog*()> views,
                 std::function<void(model::NodeId)> on_closed)
    : loop_(loop),
      random_(random),
      views_(std::move(views)),
      on_closed_(std::move(on_closed)),
      ping_(std::make_shared<const std::vector<std::uint8_t>>(model::encode_ping())),
      tick_(loop, [this] { publish_pending(); }),
      ping_check_(loop, [this] { ping_the_quiet(); }) {
  ping_check_.start_after(kPingCheck);
}

ViewHub::~ViewHub() = default;

void ViewHub::follow(model::NodeId node, model::ViewId view, model::Cursor cursor,
                     loop::HttpServer::Responder responder) {
  end(node);
  const std::uint64_t id = next_id_++;
  by_node_[node] = id;
  by_view_[view].insert(id);
  Follower& follower = followers_[id];
  follower.node = node;
  follower.view = view;
  follower.cursor = cursor;
  follower.quiet_since = loop_.now();
  follower.stream = responder.begin_stream(
      {.status = 200,
       .headers = {{"content-type", "application/octet-stream"}, {"cache-control", "no-store"}},
       .pull = [this, id] { return pull(id); },
       .on_closed = [this, id] { closed(id); }});
}

loop::HttpServer::Chunk ViewHub::pull(std::uint64_t id) {
  const auto it = followers_.find(id);
  if (it == followers_.end()) {
    return nullptr;
  }
  Follower& follower = it->second;
  if (follower.is_ending) {
    follower.stream.close();
    return std::exchange(follower.last_words, nullptr);
  }
  ViewLog* views = views_();
  SharedFrame frame = views == nullptr ? nullptr : views->next(follower.view, follower.cursor);
  if (frame == nullptr && std::exchange(follower.is_ping_due, false)) {
    frame = ping_;
  }
  if (frame != nullptr) {
    follower.quiet_since = loop_.now();
    ++frames_sent_;
    bytes_sent_ += frame->size();
  }
  return frame;
}

void ViewHub::closed(std::uint64_t id) {
  const auto it = followers_.find(id);
  if (it == followers_.end()) {
    return;
  }
  const model::NodeId node = it->second.node;
  if (const auto by_view = by_view_.find(it->second.view); by_view != by_view_.end()) {
    by_view->second.erase(id);
    if (by_view->second.empty()) {
      by_view_.erase(by_view);
    }
  }
  if (const auto by_node = by_node_.find(node);
      by_node != by_node_.end() && by_node->second == id) {
    by_node_.erase(by_node);
  }
  followers_.erase(it);
  on_closed_(node);
}

void ViewHub::touched(const std::vector<model::ViewId>& views, bool is_urgent) {
  const base::TimePoint now = loop_.now();
  for (const model::ViewId& view : views) {
    const auto last = published_at_.find(view);
    if (is_urgent || last == published_at_.end() || now - last->second >= kTick) {
      publish(view);
    } else {
      pending_.insert(view);
    }
  }
  if (!pending_.empty() && !tick_.is_started()) {
    tick_.start_after(kTick);
  }
}

void ViewHub::publish(model::ViewId view) {
  pending_.erase(view);
  published_at_[view] = loop_.now();
  if (ViewLog* views = views_(); views != nullptr) {
    views->publish(view);
  }
  const auto followers = by_view_.find(view);
  if (followers == by_view_.end()) {
    return;
  }
  for (const std::uint64_t id : followers->second) {
    followers_[id].stream.wake();
  }
}

void ViewHub::publish_pending() {
  for (const model::ViewId& view : std::exchange(pending_, {})) {
    publish(view);
  }
}

void ViewHub::ping_the_quiet() {
  const base::TimePoint now = loop_.now();
  for (auto& [id, follower] : followers_) {
    if (now - follower.quiet_since >= kPingInterval) {
      follower.is_ping_due = true;
      follower.quiet_since = now;
      follower.stream.wake();
    }
  }
  ping_check_.start_after(kPingCheck);
}

void ViewHub::end(model::NodeId node) {
  const auto it = by_node_.find(node);
  if (it == by_node_.end()) {
    return;
  }
  Follower& follower = followers_[it->second];
  follower.is_ending = true;
  follower.stream.wake();
}

void ViewHub::end_all() {
  for (auto& [id, follower] : followers_) {
    follower.is_ending = true;
    follower.stream.wake();
  }
}

void ViewHub::drain() {
  const auto spread = std::max<base::Duration>(
      kDrainSpreadMin, std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(
                           static_cast<double>(followers_.size()) / kReturnsPerSecond)));
  const auto spread_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(spread).count());
  for (auto& [id, follower] : followers_) {
    const std::chrono::milliseconds wait(random_.below(spread_ms + 1));
    follower.last_words =
        std::make_shared<const std::vector<std::uint8_t>>(model::encode_drain(wait));
    follower.is_ending = true;
    follower.stream.wake();
  }
}

}  // namespace coordinator
