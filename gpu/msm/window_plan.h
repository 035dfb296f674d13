// How a scalar of 253 bits is cut into windows whose odd multiples are stored: windows of two
// widths that differ by one bit, the wide ones first, so that any number of windows covers 253 bits
// exactly and any amount of memory is used well. Each window less is one addition less for every
// product; each bit more doubles a window's table.
//
//   windows  widths            entries a base  tables of 8 192 bases
//   19       6 of 14, 13 of 13        102 400  120.8 GB
//   21       1 of 13, 20 of 12         45 056   53.2 GB
//   32       29 of 8, 3 of 7            3 904    4.6 GB
#pragma once

#include <cstddef>
#include <cstdint>

#include "gpu/curve/g1_te.h"
#include "gpu/msm/odd_digits.h"

namespace gpu {

struct WindowPlan {
  // More than 18 windows' tables of 8 192 bases no card can hold; fewer than 8 bits no card needs.
  static constexpr unsigned kWindowsMin = 17;
  static constexpr unsigned kWindowsMax = 64;

  unsigned windows = kWindowsMax;

  constexpr unsigned narrow_width() const { return kScalarBits / windows; }
  constexpr unsigned wide_windows() const { return kScalarBits % windows; }
  constexpr unsigned width(unsigned window) const {
    return narrow_width() + (window < wide_windows() ? 1 : 0);
  }
  constexpr unsigned first_bit(unsigned window) const {
    return window * narrow_width() + smaller(window, wide_windows());
  }
  // Of a base's entries, where the window's begin; for `windows`, how many there are.
  constexpr std::size_t first_entry(unsigned window) const {
    return (window + std::size_t{smaller(window, wide_windows())}) << (narrow_width() - 1);
  }
  constexpr std::size_t entries() const { return first_entry(windows); }
  constexpr std::size_t size_bytes(std::size_t bases) const {
    return bases * entries() * sizeof(TeEntry);
  }

  friend constexpr bool operator==(const WindowPlan&, const WindowPlan&) = default;

 private:
  static constexpr unsigned smaller(unsigned a, unsigned b) { return a < b ? a : b; }
};
// Digits are 16 bits, the sign among them.
static_assert(WindowPlan{WindowPlan::kWindowsMin}.width(0) <= 15);

// The fewest windows whose tables of so many bases fit; kWindowsMax + 1 windows where none do.
constexpr WindowPlan widest_plan(std::size_t bases, std::size_t size_bytes) {
  WindowPlan plan{WindowPlan::kWindowsMin};
  while (plan.windows <= WindowPlan::kWindowsMax && plan.size_bytes(bases) > size_bytes) {
    ++plan.windows;
  }
  return plan;
}

// As odd_digits.h, with the plan's widths. Requires scalar < r.
template <typename Take>
constexpr void odd_digits(const Limbs<4>& scalar, const WindowPlan& plan, const Take& take) {
  Limbs<4> odd = scalar;
  const bool is_even = (scalar.at[0] & 1) == 0;
  if (is_even) {
    constexpr Limbs<4> kModulus = FrParams::kModulus;
    odd = kModulus;
    sub_from(odd, scalar);
  }
  for (unsigned window = 0; window + 1 < plan.windows; ++window) {
    const unsigned width = plan.width(window);
    const std::uint32_t middle = std::uint32_t{1} << width;
    const std::uint32_t value = bits(odd, plan.first_bit(window), width + 1) | 1U;
    const bool is_negative = value < middle;
    const std::uint32_t magnitude = is_negative ? middle - value : value - middle;
    take(window, static_cast<OddDigit>((magnitude & ~1U) | std::uint32_t{is_negative != is_even}));
  }
  const unsigned last = plan.windows - 1;
  const std::uint32_t value = bits(odd, plan.first_bit(last), plan.width(last));
  take(last, static_cast<OddDigit>((value & ~1U) | std::uint32_t{is_even}));
}

}  // namespace gpu
