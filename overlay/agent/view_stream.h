// Follows this node's view: keeps a stream to the coordinator open, verifies what comes, and
// decides what of it is put into effect.
//
// A machine without I/O. Its owner feeds it, drains it, and sleeps until it asks to be woken:
//
//   feed    restore, start, handle_open, handle_data, handle_end, handle_stored, handle_timeout
//   drain   poll_action       until empty
//   sleep   next_timeout
//
//             start                        handle_open
//   Stopped --------> Connecting -------------------------> Open
//                      ^     \                               |
//                      |      \ handle_end                   | end, drain, silence, bad update
//                      |       v                             |
//                      +---- Waiting <-----------------------+
//                   backoff, full jitter, 1..60 s; a drain says how long
//
// Every update is verified (signature, view, epoch, sequence, state hash) before it counts. One
// that does not fit, or a forged one, ends the stream, and the next is asked for from the
// beginning.
//
// What is in effect can lag behind what the coordinator says: an update after which more peers
// would go at once than plan::check_removals() allows is taken note of but held back, until the
// coordinator signs it as meant or takes it back. The node goes on with what it has, and says so
// (held_back()). A delta that is signed as meant covers what it removes itself and nothing that was
// held back before it; a snapshot covers everything (PROTOCOL.md, 5.6).
//
// A Store that could not be written leaves a gap on disk behind which nothing is appended: a
// snapshot is asked for with backoff, until one could be put in the file's place.
//
// Invariants: view(), plan() and applied() belong together and change only with an Adopt; what is
// given to Store was verified and, replayed in order, gives view().
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "overlay/base/backoff.h"
#include "overlay/base/random.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/crypto/keys.h"
#include "overlay/model/view_follower.h"
#include "overlay/plan/plan.h"

namespace agent {

struct CachedView;

class ViewStream {
 public:
  static constexpr base::Duration kRetryFirst = std::chrono::seconds(1);
  static constexpr base::Duration kRetryMax = std::chrono::seconds(60);
  // The coordinator pings a quiet stream well within this.
  static constexpr base::Duration kSilenceMax = std::chrono::seconds(60);
  // How much later than told a node comes back after a drain, at most: everybody was told the same.
  static constexpr base::Duration kDrainSpread = std::chrono::seconds(2);
  // Deltas on disk beyond this and kDeltasPerSnapshot times the snapshot are traded for a snapshot.
  static constexpr std::size_t kDeltaBytesMin = std::size_t{256} << 10;
  static constexpr std::size_t kDeltasPerSnapshot = 4;
  // Updates kept for the disk while they are held back; more are fetched again as a snapshot.
  static constexpr std::size_t kHeldBytesMax = std::size_t{8} << 20;
  // Between snapshots that are asked for because the disk did not take something: a full disk is
  // seldom empty again at once, and a snapshot is large.
  static constexpr base::Duration kStoreRetryFirst = std::chrono::seconds(10);
  static constexpr base::Duration kStoreRetryMax = std::chrono::minutes(10);

  enum class State { Stopped, Connecting, Open, Waiting };

  struct Options {
    crypto::IdentityPublicKey signer;
    model::ViewId view;
    model::NodeId self;
  };

  // Open a stream from this cursor; {0, 0} asks for a snapshot.
  struct Connect {
    model::Cursor cursor;
  };
  // Close the stream that was open or opening; nothing of it is to be fed any more.
  struct Disconnect {};
  // Put on disk: replacing what is there, or after it.
  struct Store {
    bool is_replacement = false;
    std::vector<std::uint8_t> frames;
  };
  // view(), plan() and applied() have changed.
  struct Adopt {};
  using Action = std::variant<Connect, Disconnect, Store, Adopt>;

  // Keeps a reference to `random`, which must outlive this.
  ViewStream(Options options, base::RandomSource& random);

  // Takes over what was on disk. Requires Stopped. Errors: those of plan::make_plan(); nothing has
  // changed then.
  base::Status restore(CachedView cached);
  // Requires Stopped.
  void start(base::TimePoint now);

  // The stream that Connect asked for has been accepted.
  void handle_open(base::TimePoint now);
  void handle_data(base::TimePoint now, std::span<const std::uint8_t> bytes);
  // It was refused or has ended; `why` is for people.
  void handle_end(base::TimePoint now, std::string why);
  // A Store is on disk, or is not; after one that is not, only a replacement may be written.
  void handle_stored(base::TimePoint now, bool is_good);
  void handle_timeout(base::TimePoint now);

  std::optional<Action> poll_action();
  std::optional<base::TimePoint> next_timeout() const;

  State state() const { return state_; }
  // In effect. Null before the first Adopt or restore.
  const model::View* view() const;
  const plan::Plan* plan() const { return plan_ ? &*plan_ : nullptr; }
  model::Cursor applied() const { return applied_; }
  // Why the stream is not open, or was last ended; empty while all is well.
  const std::string& error() const { return error_; }
  // Why an update is held back, or not to be used; empty while none is.
  const std::string& held_back() const { return held_back_; }
  // When a byte came last.
  std::optional<base::TimePoint> heard_at() const { return heard_at_; }

 private:
  void connect();
  void fail(base::TimePoint now, std::string why, base::Duration wait);
  base::Status handle_frame(base::TimePoint now, const model::Frame& frame);
  base::Status handle_update(const model::Frame& frame);
  // What takes an update back, should it not be put into effect.
  struct Before {
    std::optional<model::View> whole;        // before a snapshot
    std::vector<model::FactChange> changes;  // against those of a delta
  };
  Before before_of(const model::ViewUpdate& update) const;
  void consider(Before before);
  void adopt(plan::Plan plan);
  void keep_frame(const model::Frame& frame, bool is_snapshot);
  void store_kept();

  Options options_;
  base::RandomSource& random_;
  base::Backoff backoff_;
  State state_ = State::Stopped;
  base::Backoff store_backoff_;
  bool is_resync_due_ = false;                 // the next stream starts without a cursor
  std::optional<base::TimePoint> replace_at_;  // the file on disk is to be replaced from then on
  std::optional<base::TimePoint> wake_at_;
  std::optional<base::TimePoint> heard_at_;
  std::string error_;
  std::string held_back_;

  model::FrameReader reader_;
  model::ViewFollower follower_;     // what the coordinator says
  std::optional<model::View> held_;  // what is in effect, while that is something else
  std::optional<plan::Plan> plan_;   // of what is in effect
  model::Cursor applied_;
  std::set<base::TunnelKey> excused_;  // in effect, and no loss if they go: see check_removals()

  std::vector<std::uint8_t> kept_;  // frames since the last Store
  bool is_kept_replacement_ = false;
  bool is_kept_overflown_ = false;
  std::size_t snapshot_bytes_ = 0;  // on disk
  std::size_t delta_bytes_ = 0;
  std::size_t delta_bytes_max_ = 0;

  std::deque<Action> actions_;
};

}  // namespace agent
