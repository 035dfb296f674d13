// The inverse in a prime field by the binary algorithm on approximations: T. Pornin, "Optimized
// binary GCD for modular inversion", 2020 (IACR ePrint 2020/972), algorithm 2. A tenth of the time
// of Fermat's power.
//
// a and b begin as the value and the modulus and shrink to 0 and 1; u and v are what they are
// multiples of. 31 steps at a time are done on 64 bits of a and b, the lowest 31 and the highest
// 33, and then at once on all four by the four factors that came of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "gpu/field/limbs.h"

namespace gpu::detail {

inline constexpr unsigned kInverseSteps = 31;

// What 31 steps make of (a, b): (a f0 + b g0, a f1 + b g1) / 2^31, each within +-2^31.
struct InverseFactors {
  std::int64_t f0 = 1;
  std::int64_t g0 = 0;
  std::int64_t f1 = 0;
  std::int64_t g1 = 1;
};

constexpr InverseFactors inverse_steps(std::uint64_t a, std::uint64_t b) {
  InverseFactors out;
  for (unsigned i = 0; i < kInverseSteps; ++i) {
    // Masks instead of branches: which way it goes is a coin's toss.
    const std::uint64_t is_odd = 0 - (a & 1);
    const std::uint64_t swaps = is_odd & (0 - std::uint64_t{a < b});
    const std::uint64_t mixed = (a ^ b) & swaps;
    a ^= mixed;
    b ^= mixed;
    const auto signed_swaps = static_cast<std::int64_t>(swaps);
    const std::int64_t f = (out.f0 ^ out.f1) & signed_swaps;
    const std::int64_t g = (out.g0 ^ out.g1) & signed_swaps;
    out.f0 ^= f;
    out.f1 ^= f;
    out.g0 ^= g;
    out.g1 ^= g;
    a -= b & is_odd;
    out.f0 -= out.f1 & static_cast<std::int64_t>(is_odd);
    out.g0 -= out.g1 & static_cast<std::int64_t>(is_odd);
    a >>= 1;
    out.f1 *= 2;
    out.g1 *= 2;
  }
  return out;
}

__extension__ using SignedWide = __int128;

// x f + y g in two's complement, for factors within +-2^31.
template <std::size_t N>
constexpr Limbs<N + 1> combination(const Limbs<N>& x, std::int64_t f, const Limbs<N>& y,
                                   std::int64_t g) {
  Limbs<N + 1> sum;
  SignedWide carry = 0;
  for (std::size_t i = 0; i < N; ++i) {
    carry += SignedWide{x.at[i]} * f + SignedWide{y.at[i]} * g;
    sum.at[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  sum.at[N] = static_cast<std::uint64_t>(carry);
  return sum;
}

// Divides by 2^31 exactly, and drops the sign, which it returns.
template <std::size_t N>
constexpr bool shrink(const Limbs<N + 1>& sum, Limbs<N>& out) {
  const bool is_negative = (sum.at[N] >> 63) != 0;
  Limbs<N + 1> magnitude = sum;
  if (is_negative) {
    magnitude = Limbs<N + 1>();
    sub_from(magnitude, sum);
  }
  for (std::size_t i = 0; i < N; ++i) {
    out.at[i] = (magnitude.at[i] >> kInverseSteps) | (magnitude.at[i + 1] << (64 - kInverseSteps));
  }
  return is_negative;
}

// sum / 2^64 mod the modulus: one step of Montgomery's reduction. Requires |sum| < 2^32 modulus.
template <typename Params>
constexpr Limbs<Params::kLimbs> shrink_modulo(const Limbs<Params::kLimbs + 1>& sum) {
  constexpr std::size_t kLimbs = Params::kLimbs;
  const std::uint64_t m = sum.at[0] * Params::kInverse;
  Limbs<kLimbs + 1> multiple;
  std::uint64_t high = 0;
  for (std::size_t i = 0; i < kLimbs; ++i) {
    multiple.at[i] = mul_add(m, Params::kModulus.at[i], 0, high, high);
  }
  multiple.at[kLimbs] = high;
  add_to(multiple, sum);
  Limbs<kLimbs> out;
  for (std::size_t i = 0; i < kLimbs; ++i) {
    out.at[i] = multiple.at[i + 1];
  }
  if ((out.at[kLimbs - 1] >> 63) != 0) {
    add_to(out, Params::kModulus);
  } else if (Limbs<kLimbs> reduced = out; sub_from(reduced, Params::kModulus) == 0) {
    out = reduced;
  }
  return out;
}

// Bits first .. first + 32 of value.
template <std::size_t N>
constexpr std::uint64_t top_bits(const Limbs<N>& value, std::size_t first) {
  const std::size_t at = first / 64;
  const std::size_t offset = first % 64;
  std::uint64_t out = value.at[at] >> offset;
  if (offset != 0 && at + 1 < N) {
    out |= value.at[at + 1] << (64 - offset);
  }
  return out & ((std::uint64_t{1} << 33) - 1);
}

// So many rounds of 31 steps are enough for any value: 2 bits - 1 steps are (section 3 of it).
template <typename Params>
constexpr std::size_t inverse_rounds() {
  return (2 * bit_length(Params::kModulus) - 1 + kInverseSteps - 1) / kInverseSteps;
}

// v with v * value = 2^(-33 rounds) modulo the modulus; zero for zero. Requires value below the
// modulus.
template <typename Params>
constexpr Limbs<Params::kLimbs> scaled_inverse(const Limbs<Params::kLimbs>& value) {
  using Value = Limbs<Params::kLimbs>;
  constexpr std::uint64_t kLowMask = (std::uint64_t{1} << kInverseSteps) - 1;
  Value a = value;
  Value b = Params::kModulus;
  Value u;
  Value v;
  u.at[0] = 1;
  for (std::size_t round = 0; round < inverse_rounds<Params>(); ++round) {
    const std::size_t length = std::max(bit_length(a), bit_length(b));
    InverseFactors by;
    if (length <= 64) {
      by = inverse_steps(a.at[0], b.at[0]);
    } else {
      by = inverse_steps((a.at[0] & kLowMask) | (top_bits(a, length - 33) << kInverseSteps),
                         (b.at[0] & kLowMask) | (top_bits(b, length - 33) << kInverseSteps));
    }
    const auto next_a = combination(a, by.f0, b, by.g0);
    const auto next_b = combination(a, by.f1, b, by.g1);
    if (shrink(next_a, a)) {
      by.f0 = -by.f0;
      by.g0 = -by.g0;
    }
    if (shrink(next_b, b)) {
      by.f1 = -by.f1;
      by.g1 = -by.g1;
    }
    const Value next_u = shrink_modulo<Params>(combination(u, by.f0, v, by.g0));
    v = shrink_modulo<Params>(combination(u, by.f1, v, by.g1));
    u = next_u;
  }
  return v;
}

}  // namespace gpu::detail
