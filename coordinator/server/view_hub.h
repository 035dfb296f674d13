// The open view streams: who follows which view and from where.
//
// A stream is a cursor; what it sends next is asked of the view log when the connection can take
// more. Changes are published at once while it is quiet, and under load at most every kTick, so
// that a burst of joins costs each follower a few deltas and not thousands.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "coordinator/domain/view_log.h"
#include "overlay/base/random.h"
#include "overlay/base/time.h"
#include "overlay/loop/http_server.h"
#include "overlay/loop/loop.h"
#include "overlay/loop/timer.h"

namespace coordinator {

class ViewHub {
 public:
  static constexpr base::Duration kTick = std::chrono::milliseconds(50);
  static constexpr base::Duration kPingInterval = std::chrono::seconds(20);
  static constexpr base::Duration kPingCheck = std::chrono::seconds(1);
  // A drained fleet comes back over at least this long, and at this rate.
  static constexpr base::Duration kDrainSpreadMin = std::chrono::seconds(1);
  static constexpr double kReturnsPerSecond = 1000;

  // Keeps references. `views` gives the log as it is now, or nullptr; `on_closed` hears of every
  // stream that ended.
  ViewHub(loop::Loop& loop, base::RandomSource& random, std::function<ViewLog*()> views,
          std::function<void(model::NodeId)> on_closed);
  ~ViewHub();
  ViewHub(const ViewHub&) = delete;
  ViewHub& operator=(const ViewHub&) = delete;

  // Answers with the stream. Requires that the view is open in the log. A stream that the node has
  // already is ended: its agent has lost it, or is a copy.
  void follow(model::NodeId node, model::ViewId view, model::Cursor cursor,
              loop::HttpServer::Responder responder);

  // These views have something to publish. `is_urgent`: it concerns gateways, do not wait.
  void touched(const std::vector<model::ViewId>& views, bool is_urgent);

  // Ends the stream of a node that is none any more.
  void end(model::NodeId node);
  // Ends all streams: the history that their cursors are in is no more.
  void end_all();
  // Tells every follower to come back after a time of its own, and ends its stream.
  void drain();

  std::size_t size() const { return followers_.size(); }
  std::uint64_t frames_sent() const { return frames_sent_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  struct Follower {
    model::NodeId node;
    model::ViewId view;
    model::Cursor cursor;
    loop::HttpServer::Stream stream;
    base::TimePoint quiet_since;
    bool is_ping_due = false;
    bool is_ending = false;
    SharedFrame last_words;  // sent before the end; may be null
  };

  loop::HttpServer::Chunk pull(std::uint64_t id);
  void closed(std::uint64_t id);
  void publish(model::ViewId view);
  void publish_pending();
  void ping_the_quiet();

  loop::Loop& loop_;
  base::RandomSource& random_;
  std::function<ViewLog*()> views_;
  std::function<void(model::NodeId)> on_closed_;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, Follower> followers_;
  std::map<model::NodeId, std::uint64_t> by_node_;
  std::map<model::ViewId, std::set<std::uint64_t>> by_view_;
  std::map<model::ViewId, base::TimePoint> published_at_;
  std::set<model::ViewId> pending_;
  SharedFrame ping_;
  std::uint64_t frames_sent_ = 0;
  std::uint64_t bytes_sent_ = 0;
  loop::Timer tick_;
  loop::Timer ping_check_;
};

}  // namespace coordinator
