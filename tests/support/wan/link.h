#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "overlay/base/random.h"
#include "overlay/base/time.h"

namespace wan {

// What one direction between two places is like.
struct Path {
  base::Duration delay{};        // one way
  base::Duration jitter{};       // added, uniform in 0..jitter; frames never overtake each other
  std::uint32_t loss_ppm = 0;    // of a million frames, how many are lost
  std::uint64_t rate_bit_s = 0;  // 0: not limited
  bool is_cut = false;
};

struct LinkCounters {
  std::uint64_t frames = 0;  // taken, lost ones included
  std::uint64_t bytes = 0;
  std::uint64_t lost_frames = 0;     // by the path's loss
  std::uint64_t refused_frames = 0;  // queue full
  std::uint64_t cut_frames = 0;      // while the path was cut
};

// One direction of the emulated WAN: feed frames, drain those that have arrived, sleep until
// next_timeout(). Deterministic from its random source. O(1) a frame, because a frame never arrives
// before the one that was sent before it.
class Link {
 public:
  // A sender that finds this much waiting for the rate loses the frame, as at a router's full
  // buffer.
  static constexpr base::Duration kQueueDelayMax = std::chrono::milliseconds(200);
  // Bound on memory whatever the path: 64 MiB in flight is 500 ms at 1 Gbit/s.
  static constexpr std::size_t kInFlightBytesMax = std::size_t{64} << 20;

  // Keeps a reference to `random`, which must outlive this.
  explicit Link(base::RandomSource& random) : random_(random) {}

  // Applies to frames fed from now on; what is in flight keeps its time.
  void set_path(const Path& path) { path_ = path; }
  const Path& path() const { return path_; }

  void handle_frame(std::vector<std::uint8_t> frame, base::TimePoint now);

  // The next frame that has arrived by `now`, in the order sent.
  std::optional<std::vector<std::uint8_t>> poll_frame(base::TimePoint now);

  // When the next frame arrives.
  std::optional<base::TimePoint> next_timeout() const;

  const LinkCounters& counters() const { return counters_; }

 private:
  struct InFlight {
    base::TimePoint arrives_at;
    std::vector<std::uint8_t> frame;
  };

  base::RandomSource& random_;
  Path path_;
  std::deque<InFlight> in_flight_;
  std::size_t in_flight_bytes_ = 0;
  base::TimePoint line_free_at_;     // when the rate lets the next frame start
  base::TimePoint last_arrival_at_;  // keeps order under jitter
  LinkCounters counters_;
};

}  // namespace wan
