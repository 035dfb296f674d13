#include "mirror/select/latency.h"

#include <algorithm>

#include "mirror/select/parameters.h"

namespace mirror {
namespace {

base::Duration scaled(base::Duration value, double factor) {
  return base::Duration(
      static_cast<base::Duration::rep>(static_cast<double>(value.count()) * factor));
}

}  // namespace

bool LatencyEstimate::add(base::Duration rtt, base::TimePoint now, bool is_beside_transfer) {
  const auto before = lowest(now);
  const bool is_high = before && rtt >= std::max(scaled(*before, kShiftRatio), *before + kShiftMin);
  if (is_high && is_beside_transfer) {
    return false;
  }
  samples_.push_back({rtt, now});
  smoothed_ = smoothed_ ? *smoothed_ + scaled(rtt - *smoothed_, kSmoothing) : rtt;
  high_in_a_row_ = is_high ? high_in_a_row_ + 1 : 0;
  const bool is_shifted = high_in_a_row_ >= kShiftSamples;
  const std::size_t kept = is_shifted ? std::size_t{kShiftSamples} : kLatencySamplesMax;
  while (samples_.size() > kept) {
    samples_.pop_front();
  }
  if (is_shifted) {
    high_in_a_row_ = 0;
    smoothed_ = rtt;
  }
  return is_shifted;
}

std::optional<base::Duration> LatencyEstimate::lowest(base::TimePoint now) const {
  std::optional<base::Duration> out;
  for (const Sample& sample : samples_) {
    if (now - sample.at <= kLatencyWindow) {
      out = out ? std::min(*out, sample.rtt) : sample.rtt;
    }
  }
  return out;
}

}  // namespace mirror
