#include "gpu/msm/msm.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace gpu {
namespace {

constexpr unsigned kScalarBits = 253;

// The width that costs least: a window costs n additions into buckets and 2^c to sum them.
unsigned window_width(std::size_t count) {
  const auto log_count = static_cast<unsigned>(std::bit_width(count));
  return std::clamp(log_count > 2 ? log_count - 2 : 1U, 2U, 16U);
}

// The digits of a scalar in -2^(c-1) < d <= 2^(c-1), least significant first.
void signed_digits(const Limbs<4>& scalar, unsigned width, std::span<std::int32_t> digits) {
  std::int32_t carry = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    std::int32_t digit = static_cast<std::int32_t>(bits(scalar, i * width, width)) + carry;
    carry = digit > (1 << (width - 1)) ? 1 : 0;
    digit -= carry << width;
    digits[i] = digit;
  }
  CHECK(carry == 0);
}

// sum (i + 1) * buckets[i].
G1 weighted_sum(std::span<const G1> buckets) {
  G1 running;
  G1 total;
  for (std::size_t i = buckets.size(); i-- > 0;) {
    running += buckets[i];
    total += running;
  }
  return total;
}

}  // namespace

G1 msm(std::span<const G1Affine> points, std::span<const Fr> scalars) {
  CHECK(points.size() == scalars.size());
  const unsigned width = window_width(points.size());
  const std::size_t windows = kScalarBits / width + 1;  // room for the last carry
  std::vector<std::int32_t> digits(points.size() * windows);
  for (std::size_t i = 0; i < points.size(); ++i) {
    signed_digits(scalars[i].canonical(), width, std::span(digits).subspan(i * windows, windows));
  }
  G1 out;
  std::vector<G1> buckets(std::size_t{1} << (width - 1));
  for (std::size_t window = windows; window-- > 0;) {
    for (unsigned j = 0; j < width; ++j) {
      out = out.doubled();
    }
    std::fill(buckets.begin(), buckets.end(), G1());
    for (std::size_t i = 0; i < points.size(); ++i) {
      const std::int32_t digit = digits[i * windows + window];
      if (digit > 0) {
        buckets[static_cast<std::size_t>(digit) - 1] += points[i];
      } else if (digit < 0) {
        buckets[static_cast<std::size_t>(-digit) - 1] += -points[i];
      }
    }
    out += weighted_sum(buckets);
  }
  return out;
}

}  // namespace gpu
