// Time as values that are passed in. Only overlay/loop reads a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace base {

using Duration = std::chrono::nanoseconds;

// A point on a steady clock: for waits, deadlines and ages. Means nothing outside this process.
struct SteadyClock {
  // NOLINTBEGIN(readability-identifier-naming): the names that std::chrono asks of a clock
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<SteadyClock>;
  static constexpr bool is_steady = true;
  // NOLINTEND(readability-identifier-naming)
};
using TimePoint = SteadyClock::time_point;

// Milliseconds since 1970-01-01 UTC: for what is stored, signed or shown to people.
struct WallTime {
  std::int64_t unix_ms = 0;

  friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

inline WallTime operator+(WallTime at, Duration span) {
  return WallTime{at.unix_ms + std::chrono::duration_cast<std::chrono::milliseconds>(span).count()};
}
inline Duration operator-(WallTime later, WallTime earlier) {
  return std::chrono::milliseconds(later.unix_ms - earlier.unix_ms);
}

}  // namespace base
