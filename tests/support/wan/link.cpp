#include "tests/support/wan/link.h"

#include <algorithm>
#include <utility>

namespace wan {

void Link::handle_frame(std::vector<std::uint8_t> frame, base::TimePoint now) {
  constexpr std::uint64_t kMillion = 1'000'000;
  counters_.frames += 1;
  counters_.bytes += frame.size();
  if (path_.is_cut) {
    counters_.cut_frames += 1;
    return;
  }
  if (path_.loss_ppm > 0 && random_.below(kMillion) < path_.loss_ppm) {
    counters_.lost_frames += 1;
    return;
  }
  const base::TimePoint starts_at = std::max(now, line_free_at_);
  if (in_flight_bytes_ + frame.size() > kInFlightBytesMax || starts_at - now > kQueueDelayMax) {
    counters_.refused_frames += 1;
    return;
  }
  base::TimePoint sent_at = starts_at;
  if (path_.rate_bit_s > 0) {
    sent_at += base::Duration(static_cast<std::int64_t>(
        frame.size() * 8 * std::uint64_t{1'000'000'000} / path_.rate_bit_s));
    line_free_at_ = sent_at;
  }
  base::TimePoint arrives_at = sent_at + path_.delay;
  if (path_.jitter > base::Duration::zero()) {
    const auto span = static_cast<std::uint64_t>(path_.jitter.count()) + 1;
    arrives_at += base::Duration(static_cast<std::int64_t>(random_.below(span)));
  }
  last_arrival_at_ = std::max(last_arrival_at_, arrives_at);
  in_flight_bytes_ += frame.size();
  in_flight_.push_back({.arrives_at = last_arrival_at_, .frame = std::move(frame)});
}

std::optional<std::vector<std::uint8_t>> Link::poll_frame(base::TimePoint now) {
  if (in_flight_.empty() || in_flight_.front().arrives_at > now) {
    return std::nullopt;
  }
  std::vector<std::uint8_t> frame = std::move(in_flight_.front().frame);
  in_flight_.pop_front();
  in_flight_bytes_ -= frame.size();
  return frame;
}

std::optional<base::TimePoint> Link::next_timeout() const {
  if (in_flight_.empty()) {
    return std::nullopt;
  }
  return in_flight_.front().arrives_at;
}

}  // namespace wan
