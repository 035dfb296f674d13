// A scalar as ceil(253 / w) odd digits, each with its sign: by these batch_sums.h and
// window_table.h add multiples.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/field/bls12_377.h"

namespace gpu {

inline constexpr unsigned kScalarBits = 253;

constexpr std::size_t digit_count(unsigned width) {
  return (kScalarBits + width - 1) / width;
}

// One digit: 2 * index + 1 of up to 2^width - 1, negative where the low bit is set.
using OddDigit = std::uint16_t;
constexpr std::size_t digit_index(OddDigit digit) {
  return digit >> 1;
}
constexpr bool digit_is_negative(OddDigit digit) {
  return (digit & 1) != 0;
}

// Digit `at` of the odd number n with sum d_i 2^(w i) = n: with v the bits from w*at on, v | 1 is
// d + 2^w below the last window, and d there.
//
// Requires scalar < r; calls `take(at, digit)` for each window. A zero scalar gives r's digits,
// whose multiple of any point of the subgroup is infinity.
template <typename Take>
constexpr void odd_digits(const Limbs<4>& scalar, unsigned width, const Take& take) {
  Limbs<4> odd = scalar;
  const bool is_even = (scalar.at[0] & 1) == 0;
  if (is_even) {
    odd = FrParams::kModulus;
    sub_from(odd, scalar);
  }
  const std::size_t count = digit_count(width);
  const std::uint32_t middle = std::uint32_t{1} << width;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const std::uint32_t value = bits(odd, i * width, width + 1) | 1U;
    const bool is_negative = value < middle;
    const std::uint32_t magnitude = is_negative ? middle - value : value - middle;
    take(i, static_cast<OddDigit>((magnitude & ~1U) | std::uint32_t{is_negative != is_even}));
  }
  const std::uint32_t last = bits(odd, (count - 1) * width, width);
  take(count - 1, static_cast<OddDigit>((last & ~1U) | std::uint32_t{is_even}));
}

}  // namespace gpu
