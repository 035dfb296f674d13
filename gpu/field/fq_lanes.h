// Eight elements of Fq side by side: 52-bit limbs, as AVX-512 IFMA multiplies them
// (Gueron, Krasnov: "Accelerating big integer arithmetic using Intel IFMA extensions", 2016).
//
// Lane k of limb[i] is limb i of element k, in Montgomery form with R = 2^416. q has 377 bits, so
// 39 bits are spare and nothing is reduced but by products: a product of values below 2^16 q is
// below 2q. Sums grow; whoever subtracts says how many q the subtrahend may reach ("bound") and
// that many are added, so that nothing becomes negative.
//
// V is the vector of eight 64-bit lanes: the processor's (lanes_avx512.h) or, for tests and for
// the definition of what is meant, LanesPortable below. Same template, same bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gpu/field/bls12_377.h"

namespace gpu {

inline constexpr std::size_t kLanes = 8;
inline constexpr std::size_t kLaneLimbs = 8;
inline constexpr unsigned kLaneLimbBits = 52;
inline constexpr std::uint64_t kLaneMask = (std::uint64_t{1} << kLaneLimbBits) - 1;
using LaneLimbs = std::array<std::uint64_t, kLaneLimbs>;  // one element

// Eight 64-bit lanes in plain C++.
struct LanesPortable {
  std::uint64_t lane[kLanes] = {};

  template <typename Operation>
  static LanesPortable each(const Operation& operation) {
    LanesPortable out;
    for (std::size_t i = 0; i < kLanes; ++i) {
      out.lane[i] = operation(i);
    }
    return out;
  }
  static LanesPortable all(std::uint64_t value) {
    return each([&](std::size_t) { return value; });
  }
  static LanesPortable load(const std::uint64_t* from) {
    return each([&](std::size_t i) { return from[i]; });
  }
  // Lane i is from[offset[i]].
  static LanesPortable gather(const std::uint64_t* from, const std::uint64_t* offsets) {
    return each([&](std::size_t i) { return from[offsets[i]]; });
  }
  void store(std::uint64_t* to) const {
    for (std::size_t i = 0; i < kLanes; ++i) {
      to[i] = lane[i];
    }
  }
  friend LanesPortable operator+(const LanesPortable& a, const LanesPortable& b) {
    return each([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
  }
  friend LanesPortable operator-(const LanesPortable& a, const LanesPortable& b) {
    return each([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
  }
  friend LanesPortable operator&(const LanesPortable& a, const LanesPortable& b) {
    return each([&](std::size_t i) { return a.lane[i] & b.lane[i]; });
  }
  LanesPortable carry() const {  // arithmetic shift: a borrow is a carry of -1
    return each([&](std::size_t i) {
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(lane[i]) >> kLaneLimbBits);
    });
  }
  // a where bit i of `mask` is set, else b.
  static LanesPortable select(std::uint8_t mask, const LanesPortable& a, const LanesPortable& b) {
    return each([&](std::size_t i) { return ((mask >> i) & 1) != 0 ? a.lane[i] : b.lane[i]; });
  }
  // sum + the low, or high, 52 bits of the product of the low 52 bits of a and b (VPMADD52).
  static LanesPortable add_low(const LanesPortable& sum, const LanesPortable& a,
                               const LanesPortable& b) {
    return each([&](std::size_t i) {
      const Wide product = Wide{a.lane[i] & kLaneMask} * (b.lane[i] & kLaneMask);
      return sum.lane[i] + (static_cast<std::uint64_t>(product) & kLaneMask);
    });
  }
  static LanesPortable add_high(const LanesPortable& sum, const LanesPortable& a,
                                const LanesPortable& b) {
    return each([&](std::size_t i) {
      const Wide product = Wide{a.lane[i] & kLaneMask} * (b.lane[i] & kLaneMask);
      return sum.lane[i] + static_cast<std::uint64_t>(product >> kLaneLimbBits);
    });
  }
};

namespace detail {

constexpr LaneLimbs split_lanes(const Limbs<6>& value) {
  LaneLimbs out{};
  for (std::size_t i = 0; i < kLaneLimbs; ++i) {
    out[i] = bits(value, i * kLaneLimbBits, 32) |
             (std::uint64_t{bits(value, i * kLaneLimbBits + 32, kLaneLimbBits - 32)} << 32);
  }
  return out;
}

// Requires every limb below 2^52 and the whole below 2^384.
constexpr Limbs<6> join_lanes(const LaneLimbs& limbs) {
  Limbs<6> out;
  for (std::size_t i = 0; i < kLaneLimbs; ++i) {
    const std::size_t at = i * kLaneLimbBits / 64;
    const std::size_t offset = i * kLaneLimbBits % 64;
    out.at[at] |= limbs[i] << offset;
    if (offset > 64 - kLaneLimbBits && at + 1 < 6) {
      out.at[at + 1] |= limbs[i] >> (64 - offset);
    }
  }
  return out;
}

// count * q in 52-bit limbs.
constexpr LaneLimbs multiple_of_q(std::uint64_t count) {
  LaneLimbs out = split_lanes(FqParams::kModulus);
  std::uint64_t carry = 0;
  for (std::uint64_t& limb : out) {
    const Wide sum = Wide{limb} * count + carry;
    limb = static_cast<std::uint64_t>(sum) & kLaneMask;
    carry = static_cast<std::uint64_t>(sum >> kLaneLimbBits);
  }
  return out;
}

constexpr Fq power_of_two_in_fq(std::size_t exponent) {
  return Fq::from_canonical(power_of_two<FqParams>(exponent));
}
// From radix 2^384 to 2^416 and back: x 2^416 as limbs is (x 2^32) in the other form.
constexpr Fq kToLanes = power_of_two_in_fq(32);
constexpr Fq kFromLanes = kToLanes.inverse();

}  // namespace detail

// One element as it stands in a lane.
inline LaneLimbs to_lanes(const Fq& value) {
  return detail::split_lanes((value * detail::kToLanes).montgomery());
}
// Requires the value below 2^384, which is 152 q.
inline Fq from_lanes(const LaneLimbs& limbs) {
  Limbs<6> value = detail::join_lanes(limbs);
  Limbs<6> reduced = value;
  while (sub_from(reduced, FqParams::kModulus) == 0) {
    value = reduced;
  }
  return Fq::from_montgomery(value) * detail::kFromLanes;
}

template <typename V>
struct FqLanes {
  V limb[kLaneLimbs];

  static FqLanes all(const LaneLimbs& value) {
    FqLanes out;
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      out.limb[i] = V::all(value[i]);
    }
    return out;
  }
  static FqLanes one() { return all(to_lanes(Fq::one())); }

  void set(std::size_t lane, const LaneLimbs& value) {
    std::uint64_t lanes[kLanes];
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      limb[i].store(lanes);
      lanes[lane] = value[i];
      limb[i] = V::load(lanes);
    }
  }
  LaneLimbs get(std::size_t lane) const {
    LaneLimbs out{};
    std::uint64_t lanes[kLanes];
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      limb[i].store(lanes);
      out[i] = lanes[lane];
    }
    return out;
  }

  // Limbs back to 52 bits. Requires the whole to be positive and below 2^416.
  void propagate() {
    const V mask = V::all(kLaneMask);
    for (std::size_t i = 0; i + 1 < kLaneLimbs; ++i) {
      limb[i + 1] = limb[i + 1] + limb[i].carry();
      limb[i] = limb[i] & mask;
    }
  }

  // a - b + bound * q. Requires b below bound * q.
  static FqLanes subtract(const FqLanes& a, const FqLanes& b, const LaneLimbs& bound_times_q) {
    FqLanes out;
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      out.limb[i] = a.limb[i] + V::all(bound_times_q[i]) - b.limb[i];
    }
    out.propagate();
    return out;
  }

  // Eight Montgomery products: eight rows of 16 low and 16 high halves. Each limb takes at most 32
  // halves of 52 bits, so carries wait for the end but for the one that moves down a limb.
  friend FqLanes operator*(const FqLanes& a, const FqLanes& b) {
    constexpr LaneLimbs kModulus = detail::split_lanes(FqParams::kModulus);
    const V inverse = V::all(FqParams::kInverse & kLaneMask);
    FqLanes t;
    for (V& sum : t.limb) {
      sum = V::all(0);
    }
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      for (std::size_t j = 0; j < kLaneLimbs; ++j) {
        t.limb[j] = V::add_low(t.limb[j], a.limb[j], b.limb[i]);
      }
      const V m = V::add_low(V::all(0), t.limb[0], inverse);
      for (std::size_t j = 0; j < kLaneLimbs; ++j) {
        t.limb[j] = V::add_low(t.limb[j], m, V::all(kModulus[j]));
      }
      const V carry = t.limb[0].carry();
      for (std::size_t j = 0; j + 1 < kLaneLimbs; ++j) {
        t.limb[j] = t.limb[j + 1];
      }
      t.limb[kLaneLimbs - 1] = V::all(0);
      t.limb[0] = t.limb[0] + carry;
      for (std::size_t j = 0; j < kLaneLimbs; ++j) {
        t.limb[j] = V::add_high(t.limb[j], a.limb[j], b.limb[i]);
        t.limb[j] = V::add_high(t.limb[j], m, V::all(kModulus[j]));
      }
    }
    t.propagate();
    return t;
  }
};

}  // namespace gpu
