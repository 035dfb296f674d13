#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "mirror/registry/replica_set.h"
#include "mirror/select/race.h"
#include "overlay/base/result.h"
#include "overlay/base/time.h"
#include "overlay/loop/timer.h"

namespace mirror {

// All bytes of one blob in order, from whichever replicas deliver. Who reads it never learns that a
// replica died in the middle: the next one goes on at the same byte.
//
//   Racing --somebody's head is good--> Flowing --all bytes--> on_end(ok)
//     ^  \                                 |
//     |   nobody has it: NotFound          | broken off, silent for kStallMax, or slower than
//     |   (mid-blob: asked again for       | kRateMin while another has not been tried
//     |    kGiveUpAfter, then Unavailable) |
//     +------------------------------------+
//
// It does not check the digest: its owner sees the bytes.
class BlobSource {
 public:
  static constexpr base::Duration kStallMax = std::chrono::seconds(3);
  static constexpr base::Duration kGiveUpAfter = std::chrono::seconds(10);
  static constexpr base::Duration kRetryAfter = std::chrono::milliseconds(250);
  static constexpr base::Duration kRateWindow = std::chrono::seconds(5);
  static constexpr std::uint64_t kRateMin = 5U << 20;  // bytes a second

  struct Callbacks {
    std::function<void(std::uint64_t)> on_size;  // once, before any data
    std::function<void(std::span<const std::uint8_t>)> on_data;
    // Once. Errors: NotFound when no replica has it; Unavailable when it broke off for good.
    std::function<void(base::Status)> on_end;
  };

  // Requires a blob target. `size_bytes` where a manifest told it: a replica that says otherwise is
  // refused. Callbacks run from the loop and may destroy this. Keeps a reference to `replicas`.
  BlobSource(ReplicaSet& replicas, Target target, std::optional<std::uint64_t> size_bytes,
             Callbacks callbacks);
  BlobSource(const BlobSource&) = delete;
  BlobSource& operator=(const BlobSource&) = delete;

  // Backpressure. While paused nobody is judged for being slow.
  void pause();
  void resume();

  // Whose bytes were given out.
  const std::set<ReplicaId>& contributors() const { return contributors_; }

 private:
  void start_race();
  void pump_race();
  void start_attempt(const Candidate& candidate);
  void handle_head(ReplicaId id, std::uint64_t size_bytes);
  void handle_data(ReplicaId id, std::span<const std::uint8_t> bytes);
  void handle_end(ReplicaId id, const Outcome& outcome);
  void handle_lost_race();
  void leave_current(const Outcome& outcome);
  void check_pace();
  bool has_alternative();
  void end(base::Status status);
  base::TimePoint now() { return replicas_.loop().now(); }

  ReplicaSet& replicas_;
  Target target_;
  Want want_;
  std::optional<std::uint64_t> size_bytes_;
  Callbacks callbacks_;
  std::uint64_t offset_ = 0;  // bytes given out
  bool is_size_given_ = false;
  bool is_paused_ = false;

  Race race_;
  std::map<ReplicaId, std::unique_ptr<BlobFetch>> attempts_;
  std::optional<ReplicaId> current_;  // the one of attempts_ that flows
  std::set<ReplicaId> avoided_;       // did not deliver lately
  std::set<ReplicaId> slow_;
  std::set<ReplicaId> contributors_;
  base::TimePoint progress_at_;
  base::TimePoint window_at_;  // begin of the window in which the rate is taken
  std::uint64_t window_bytes_ = 0;
  base::TimePoint current_since_;
  std::uint64_t current_bytes_ = 0;

  loop::Timer race_timer_;
  loop::Timer pace_timer_;
};

}  // namespace mirror
