#include "prover/pool/vardiff.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace prover {

Vardiff::Vardiff(std::uint64_t first, std::uint64_t cap, base::TimePoint now)
    : target_(std::min(first, cap)), cap_(cap), begun_(now), looked_at_(now) {}

void Vardiff::forget_before(base::TimePoint now) {
  const std::int64_t second = second_of(now);
  const std::int64_t passed =
      std::min(second - newest_second_, static_cast<std::int64_t>(kBuckets));
  for (std::int64_t i = 0; i < passed; ++i) {
    sums_[static_cast<std::size_t>(second - i) % kBuckets] = 0;
  }
  newest_second_ = std::max(newest_second_, second);
}

void Vardiff::handle_share(std::uint64_t credit, base::TimePoint now) {
  forget_before(now);
  sums_[static_cast<std::size_t>(newest_second_) % kBuckets] += static_cast<double>(credit);
  ++shares_since_;
  handle_time(now);
}

void Vardiff::handle_time(base::TimePoint now) {
  if (now >= next_timeout() || shares_since_ >= kSharesEarly) {
    forget_before(now);
    look(now);
  }
}

void Vardiff::look(base::TimePoint now) {
  using Seconds = std::chrono::duration<double>;
  const double elapsed_s = std::clamp(Seconds(now - begun_).count(), 1.0, Seconds(kWindow).count());
  const double sum = std::accumulate(sums_.begin(), sums_.end(), 0.0);
  const double next = sum / elapsed_s * Seconds(kShareGoal).count();
  const auto current = static_cast<double>(target_);
  looked_at_ = now;
  shares_since_ = 0;
  if (std::abs(next - current) <= kSlack * current) {
    return;
  }
  const std::uint64_t floor = std::max<std::uint64_t>(1, target_ / kFallMax);
  change(next >= static_cast<double>(cap_)
             ? cap_
             : std::max(floor, static_cast<std::uint64_t>(std::llround(next))));
}

void Vardiff::set_cap(std::uint64_t cap) {
  cap_ = cap;
  change(std::min(target_, cap_));
}

void Vardiff::change(std::uint64_t target) {
  target = std::min(target, cap_);
  is_changed_ = is_changed_ || target != target_;
  target_ = target;
}

std::optional<std::uint64_t> Vardiff::poll_change() {
  if (!is_changed_) {
    return std::nullopt;
  }
  is_changed_ = false;
  return target_;
}

}  // namespace prover
