#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "overlay/base/time.h"

namespace prover {

// Finds the target at which one prover brings a share every kShareGoal, from what it brought.
//
//   next = (targets of its shares per second, over kWindow or its whole time if that is shorter)
//          * kShareGoal
//
// taken when it is more than kSlack off, looked at every kInterval, or sooner when shares rain. It
// never exceeds the network's proof target, and falls to a quarter at most at a time, so that a cut
// does not end in a flood of tiny shares.
class Vardiff {
 public:
  static constexpr base::Duration kWindow = std::chrono::minutes(2);
  static constexpr base::Duration kShareGoal = std::chrono::seconds(20);
  static constexpr base::Duration kInterval = std::chrono::seconds(10);
  static constexpr std::uint64_t kSharesEarly = 32;  // since the last look
  static constexpr double kSlack = 0.10;
  static constexpr std::uint64_t kFallMax = 4;

  // Requires 1 <= first. A cap below it wins.
  Vardiff(std::uint64_t first, std::uint64_t cap, base::TimePoint now);

  // A share was accepted and credited with `credit`.
  void handle_share(std::uint64_t credit, base::TimePoint now);
  void handle_time(base::TimePoint now);
  void set_cap(std::uint64_t cap);

  std::uint64_t target() const { return target_; }
  // The target, once after each change.
  std::optional<std::uint64_t> poll_change();
  base::TimePoint next_timeout() const { return looked_at_ + kInterval; }

 private:
  static constexpr std::size_t kBuckets =
      static_cast<std::size_t>(kWindow / std::chrono::seconds(1));

  std::int64_t second_of(base::TimePoint at) const {
    return (at - begun_) / std::chrono::seconds(1);
  }
  void forget_before(base::TimePoint now);
  void look(base::TimePoint now);
  void change(std::uint64_t target);

  std::uint64_t target_;
  std::uint64_t cap_;
  base::TimePoint begun_;
  base::TimePoint looked_at_;
  std::uint64_t shares_since_ = 0;
  std::array<double, kBuckets> sums_{};  // of credits, by second
  std::int64_t newest_second_ = 0;
  bool is_changed_ = false;
};

}  // namespace prover
