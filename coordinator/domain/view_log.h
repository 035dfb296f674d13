// What agents follow: for every view that somebody asked for, its facts, in which record each last
// changed, and the frames that bring an agent from where it is to where the view is.
//
// A connection is a cursor and nothing else. next() answers it with a shared buffer, so a change is
// encoded, compressed and signed once per view, however many agents follow it. Slow readers cost
// nothing: what they missed is computed when they ask, compacted to the newest of each fact.
//
// What is signed as meant (PROTOCOL.md, 5.6): a delta that removes something, because nothing
// leaves a view but by an event that somebody asked for; and a snapshot only if an operator has
// confirmed the view in this epoch, because it may come after a restore that lost nodes. Whoever
// stood before the confirmation gets such a snapshot and no delta.
//
//   open()      somebody wants to follow a view
//   note()      a record became durable: remember what it touched
//   publish()   let agents of one view see what was noted since (the owner decides how often)
//   next()      the frame that a cursor needs, or nothing
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "coordinator/domain/state.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/view.h"
#include "overlay/model/view_frame.h"

namespace coordinator {

// Owners: the view that may send it again, and the streams that still are sending it.
using SharedFrame = std::shared_ptr<const std::vector<std::uint8_t>>;

class ViewLog {
 public:
  static constexpr std::size_t kFramesMax = 32;      // deltas kept per view, from different cursors
  static constexpr std::size_t kRemovalsMax = 4096;  // remembered per view: the window of deltas

  // Keeps a reference to `signing_key`, which must outlive the log. `epoch` names the history that
  // sequences belong to; never 0.
  ViewLog(std::uint64_t epoch, const crypto::IdentityKey& signing_key);
  ~ViewLog();
  ViewLog(const ViewLog&) = delete;
  ViewLog& operator=(const ViewLog&) = delete;

  // Makes the view from `state`, unless it is there already. False if the network or site does not
  // exist. Requires that all of `state` is durable. O(facts of the view).
  bool open(const State& state, model::ViewId view);

  // Remembers what the record `sequence` touched. Returns the open views that have something to
  // publish because of it, ascending: a member's joining touches its site's views and no other. A
  // view whose network or site was removed is closed.
  std::vector<model::ViewId> note(std::uint64_t sequence, const std::vector<Touch>& touched);

  // Makes what was noted visible to next(). O(what was noted).
  void publish(model::ViewId view);

  bool has(model::ViewId view) const;

  // The frame that `cursor` needs and moves it to where that frame leads; nullptr when it is up to
  // date, or when the view is not open. A cursor of another epoch or from before the window gets a
  // snapshot; one that is ahead (it comes from another coordinator) waits until this one has caught
  // up. Ask again after a frame: a cached snapshot may be followed by a delta. O(1) if somebody
  // asked from the same place before, else O(changes since) or, for a snapshot, O(facts of the
  // view).
  SharedFrame next(model::ViewId view, model::Cursor& cursor);

  // What is published of an open view: for tests and /metrics.
  struct Summary {
    std::uint64_t sequence = 0;
    std::size_t facts = 0;
    model::StateHash hash;
  };
  std::optional<Summary> summary(model::ViewId view) const;

  std::uint64_t epoch() const { return epoch_; }
  std::size_t view_count() const { return views_.size(); }
  // How often a frame was encoded and signed.
  std::uint64_t encoded_count() const { return encoded_count_; }
  // How often a frame came out larger than the limit and was not sent. The limits of records.h keep
  // that from happening; a log from before them may hold more.
  std::uint64_t too_large_count() const { return too_large_count_; }

 private:
  struct OneView;

  std::vector<model::ViewId> views_of(const Touch& touch) const;
  void close_views_of(const Touch& touch, std::set<model::ViewId>& affected);
  SharedFrame encode(model::ViewId id, const model::ViewUpdate& update);
  SharedFrame snapshot(model::ViewId id, OneView& view);
  SharedFrame delta(model::ViewId id, OneView& view, std::uint64_t base);

  std::uint64_t epoch_;
  const crypto::IdentityKey* signing_key_;
  std::map<model::ViewId, OneView> views_;
  std::uint64_t encoded_count_ = 0;
  std::uint64_t too_large_count_ = 0;
};

}  // namespace coordinator
