// Four elements of Fq side by side in double-precision floating point: limbs of 51 bits, whose
// products a fused multiply-add gives exactly, in two halves. Processors with AVX2 and FMA but
// without IFMA have no faster multiplier (Emmart, Zheng, Weems: "Faster modular exponentiation
// using double precision floating point arithmetic on the GPU", 2018; here with rounding to
// nearest, and 51 bits for it).
//
// Lane k of limb[i] is limb i of element k, an integer, in Montgomery form with R = 2^408. Limbs
// and values have signs: a product's limbs are within +-2^50 (but the top one, which is small) and
// its value within +-2 q, as long as its factors' values are within +-2^15 q. Of two factors' limbs
// one's may reach +-(2^51 + 8) and the other's +-(2^50 + 4): one difference of products or settled
// ones may be a factor as it is, whatever is larger is settled.
//
// V is the vector of four doubles: the processor's (lanes_avx2.h) or DoublesPortable below. Same
// template, same bytes.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "gpu/field/bls12_377.h"

namespace gpu {

inline constexpr std::size_t kDoublesLanes = 4;
inline constexpr std::size_t kDoublesLimbs = 8;
inline constexpr unsigned kDoublesBits = 51;
using DoublesLimbs = std::array<double, kDoublesLimbs>;  // one element

namespace detail {

// a * b + kHighShift is a multiple of 2^51 next to it: the high half. What it leaves of a * b fits
// between 2^52 and 2^53 with kLowShift added, where a double's last bit is 1.
inline constexpr double kHighShift = 0x1.8p103;
inline constexpr double kLowShift = 0x1.8p52;
inline constexpr double kBothShifts = kHighShift + kLowShift;
static_assert(kBothShifts - kHighShift == kLowShift);

}  // namespace detail

// Four doubles in plain C++, and what is done to their bits.
struct DoublesPortable {
  struct Bits {
    std::uint64_t lane[kDoublesLanes] = {};

    template <typename Operation>
    static Bits each(const Operation& operation) {
      Bits out;
      for (std::size_t i = 0; i < kDoublesLanes; ++i) {
        out.lane[i] = operation(i);
      }
      return out;
    }
    static Bits all(std::uint64_t value) {
      return each([&](std::size_t) { return value; });
    }
    static Bits load(const std::uint64_t* from) {
      return each([&](std::size_t i) { return from[i]; });
    }
    friend Bits operator+(const Bits& a, const Bits& b) {
      return each([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
    }
    friend Bits operator-(const Bits& a, const Bits& b) {
      return each([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
    }
    friend Bits operator&(const Bits& a, const Bits& b) {
      return each([&](std::size_t i) { return a.lane[i] & b.lane[i]; });
    }
    friend Bits operator|(const Bits& a, const Bits& b) {
      return each([&](std::size_t i) { return a.lane[i] | b.lane[i]; });
    }
    friend Bits operator^(const Bits& a, const Bits& b) {
      return each([&](std::size_t i) { return a.lane[i] ^ b.lane[i]; });
    }
    template <int kCount>
    Bits left() const {
      return each([&](std::size_t i) { return lane[i] << kCount; });
    }
    template <int kCount>
    Bits right() const {
      return each([&](std::size_t i) { return lane[i] >> kCount; });
    }
  };

  static constexpr bool kIsUnrolled = false;

  double lane[kDoublesLanes] = {};

  template <typename Operation>
  static DoublesPortable each(const Operation& operation) {
    DoublesPortable out;
    for (std::size_t i = 0; i < kDoublesLanes; ++i) {
      out.lane[i] = operation(i);
    }
    return out;
  }
  static DoublesPortable all(double value) {
    return each([&](std::size_t) { return value; });
  }
  static DoublesPortable load(const double* from) {
    return each([&](std::size_t i) { return from[i]; });
  }
  void store(double* to) const {
    for (std::size_t i = 0; i < kDoublesLanes; ++i) {
      to[i] = lane[i];
    }
  }
  // Four vectors whose lanes are consecutive in memory, from where each lane lies: out[i] has
  // from[k][i] in lane k.
  static void transpose(const double* const (&from)[kDoublesLanes], DoublesPortable (&out)[4]) {
    for (std::size_t i = 0; i < 4; ++i) {
      out[i] = each([&](std::size_t k) { return from[k][i]; });
    }
  }
  static DoublesPortable of_bits(const Bits& bits) {
    return each([&](std::size_t i) { return std::bit_cast<double>(bits.lane[i]); });
  }
  Bits bits() const {
    return Bits::each([&](std::size_t i) { return std::bit_cast<std::uint64_t>(lane[i]); });
  }
  friend DoublesPortable operator+(const DoublesPortable& a, const DoublesPortable& b) {
    return each([&](std::size_t i) { return a.lane[i] + b.lane[i]; });
  }
  friend DoublesPortable operator-(const DoublesPortable& a, const DoublesPortable& b) {
    return each([&](std::size_t i) { return a.lane[i] - b.lane[i]; });
  }
  // a * b + c, rounded once.
  static DoublesPortable fma(const DoublesPortable& a, const DoublesPortable& b,
                             const DoublesPortable& c) {
    return each([&](std::size_t i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
  }
  // Adds the bits of both halves of a * b, each with its shift. Exact for |a * b| <= 2^102.
  static void add_product(const DoublesPortable& a, const DoublesPortable& b, Bits& low,
                          Bits& high) {
    const DoublesPortable top = fma(a, b, all(detail::kHighShift));
    const DoublesPortable rest = fma(a, b, all(detail::kBothShifts) - top);
    high = high + top.bits();
    low = low + rest.bits();
  }
};

namespace detail {

inline constexpr double kTwo50 = 0x1p50;
inline constexpr double kTwo52 = 0x1p52;
inline constexpr std::uint64_t kHighShiftBits = std::bit_cast<std::uint64_t>(kHighShift);
inline constexpr std::uint64_t kLowShiftBits = std::bit_cast<std::uint64_t>(kLowShift);
inline constexpr std::uint64_t kDoublesMask = (std::uint64_t{1} << kDoublesBits) - 1;
static_assert((kHighShiftBits & kDoublesMask) == 0 && (kLowShiftBits & kDoublesMask) == 0);

// q = 1 + 3 * 2^46 modulo 2^51, so that -1/q = 3 * 2^46 - 1, which takes two shifts.
static_assert((FqParams::kModulus.at[0] & kDoublesMask) == 1 + (std::uint64_t{3} << 46));

// Columns are summed as the bits of doubles, 64 bits wide. `kUp` keeps them positive for a shift
// without sign, and half a limb makes the upper ones' shift round to nearest; both, the shifts'
// bits and what the column below carries in with its own kUp are in what a column begins with.
inline constexpr std::uint64_t kUp = std::uint64_t{1} << 62;
inline constexpr std::uint64_t kHalf = std::uint64_t{1} << (kDoublesBits - 1);

// Products that go into a column: a pair (i, j) of limbs with i + j = column gives one for m * q
// and one for a * b, but a square takes (i, j) and (j, i) at once.
constexpr std::uint64_t products_in(std::size_t column, bool is_square) {
  std::uint64_t pairs = 0;
  std::uint64_t diagonal = 0;
  for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
    pairs += i <= column && column - i < kDoublesLimbs ? 1U : 0U;
    diagonal += 2 * i == column ? 1U : 0U;
  }
  return pairs + (is_square ? (pairs + diagonal) / 2 : pairs);
}
// What the columns begin with.
constexpr std::array<std::uint64_t, 2 * kDoublesLimbs> column_starts(bool is_square) {
  std::array<std::uint64_t, 2 * kDoublesLimbs> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint64_t highs = i == 0 ? 0 : products_in(i - 1, is_square);
    const std::uint64_t carried = i == 0 ? 0 : kUp >> kDoublesBits;
    out[i] = kUp + (i < kDoublesLimbs ? 0 : kHalf) - carried -
             products_in(i, is_square) * kLowShiftBits - highs * kHighShiftBits;
  }
  return out;
}
inline constexpr auto kColumnStarts = column_starts(/*is_square=*/false);
inline constexpr auto kSquareColumnStarts = column_starts(/*is_square=*/true);

// Limbs of 51 bits, from 0 to 2^51.
constexpr DoublesLimbs split_doubles(const Limbs<6>& value) {
  DoublesLimbs out{};
  for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
    const std::uint64_t limb =
        bits(value, i * kDoublesBits, 32) |
        (std::uint64_t{bits(value, i * kDoublesBits + 32, kDoublesBits - 32)} << 32);
    out[i] = static_cast<double>(limb);
  }
  return out;
}
// The same with limbs from -2^50 to 2^50.
constexpr DoublesLimbs split_doubles_centred(const Limbs<6>& value) {
  DoublesLimbs out = split_doubles(value);
  for (std::size_t i = 0; i + 1 < kDoublesLimbs; ++i) {
    if (out[i] > kTwo50) {
      out[i] -= 2 * kTwo50;
      out[i + 1] += 1;
    }
  }
  return out;
}

constexpr Limbs<6> power_of_two_limbs(std::size_t exponent) {
  return power_of_two<FqParams>(exponent);
}
// A product with these goes from radix 2^384 to 2^408, and back.
inline constexpr DoublesLimbs kIntoDoubles = split_doubles_centred(power_of_two_limbs(432));
inline constexpr DoublesLimbs kOutOfDoubles = split_doubles_centred(power_of_two_limbs(384));
inline constexpr DoublesLimbs kOneInDoubles = split_doubles_centred(power_of_two_limbs(408));

// take(0), ..., take(7), as a loop or one after the other: written out, the columns of a product
// are registers.
#define GPU_ALWAYS_INLINE __attribute__((always_inline))
template <bool kIsUnrolled, typename Take>
GPU_ALWAYS_INLINE inline void for_limbs(const Take& take) {
  if constexpr (kIsUnrolled) {
    take(0);
    take(1);
    take(2);
    take(3);
    take(4);
    take(5);
    take(6);
    take(7);
  } else {
    for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
      take(i);
    }
  }
}
static_assert(kDoublesLimbs == 8);

}  // namespace detail

// From a lane, after the product with detail::kOutOfDoubles. Requires a value from -q to 2 q.
inline Fq join_doubles(const DoublesLimbs& limbs) {
  Limbs<6> value;
  std::int64_t carry = 0;
  for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
    carry += static_cast<std::int64_t>(limbs[i]);
    const std::uint64_t low = static_cast<std::uint64_t>(carry) & detail::kDoublesMask;
    const std::size_t at = i * kDoublesBits / 64;
    const std::size_t offset = i * kDoublesBits % 64;
    value.at[at] |= low << offset;
    if (offset > 64 - kDoublesBits && at + 1 < 6) {
      value.at[at + 1] |= low >> (64 - offset);
    }
    carry >>= kDoublesBits;
  }
  if (carry < 0) {
    add_to(value, FqParams::kModulus);  // modulo 2^384
  } else if (Limbs<6> reduced = value; sub_from(reduced, FqParams::kModulus) == 0) {
    value = reduced;
  }
  return Fq::from_montgomery(value);
}

template <typename V>
struct FqDoubles {
  using Bits = typename V::Bits;

  V limb[kDoublesLimbs];

  static FqDoubles all(const DoublesLimbs& value) {
    FqDoubles out;
    for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
      out.limb[i] = V::all(value[i]);
    }
    return out;
  }
  static FqDoubles one() { return all(detail::kOneInDoubles); }

  // All lanes at once, from and to the other form. Two products' time and more.
  static FqDoubles from(std::span<const Fq, kDoublesLanes> values) {
    FqDoubles out;
    DoublesLimbs limbs[kDoublesLanes];
    for (std::size_t lane = 0; lane < kDoublesLanes; ++lane) {
      limbs[lane] = detail::split_doubles(values[lane].montgomery());
    }
    for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
      const double lanes[kDoublesLanes] = {limbs[0][i], limbs[1][i], limbs[2][i], limbs[3][i]};
      out.limb[i] = V::load(lanes);
    }
    return out * all(detail::kIntoDoubles);
  }
  std::array<Fq, kDoublesLanes> values() const {
    std::array<DoublesLimbs, kDoublesLanes> limbs = (*this * all(detail::kOutOfDoubles)).lanes();
    return {join_doubles(limbs[0]), join_doubles(limbs[1]), join_doubles(limbs[2]),
            join_doubles(limbs[3])};
  }
  std::array<DoublesLimbs, kDoublesLanes> lanes() const {
    std::array<DoublesLimbs, kDoublesLanes> out{};
    for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
      double lanes[kDoublesLanes];
      limb[i].store(lanes);
      for (std::size_t lane = 0; lane < kDoublesLanes; ++lane) {
        out[lane][i] = lanes[lane];
      }
    }
    return out;
  }

  // Not settled.
  friend FqDoubles operator-(const FqDoubles& a, const FqDoubles& b) {
    FqDoubles out;
    for (std::size_t i = 0; i < kDoublesLimbs; ++i) {
      out.limb[i] = a.limb[i] - b.limb[i];
    }
    return out;
  }

  // The same value with limbs within +-(2^50 + 4), but the top one: every limb carries once, none
  // waits for another. Requires limbs within +-2^52.
  FqDoubles settled() const {
    const V shift = V::all(detail::kHighShift);
    const V down = V::all(0x1p-51);
    FqDoubles out = *this;
    for (std::size_t i = 0; i + 1 < kDoublesLimbs; ++i) {
      const V carry = (limb[i] + shift) - shift;
      out.limb[i] = out.limb[i] - carry;
      out.limb[i + 1] = V::fma(carry, down, out.limb[i + 1]);
    }
    return out;
  }

  // Not inlined: a thousand instructions, of which the processor's nearest cache holds a few
  // copies.
  [[gnu::noinline]] friend FqDoubles operator*(const FqDoubles& a, const FqDoubles& b) {
    Columns t(detail::kColumnStarts);
    detail::for_limbs<V::kIsUnrolled>([&](std::size_t i) GPU_ALWAYS_INLINE {
      detail::for_limbs<V::kIsUnrolled>(
          [&](std::size_t j) GPU_ALWAYS_INLINE { t.add(i + j, a.limb[j], b.limb[i]); });
      t.clear(i);
    });
    return t.upper();
  }
  // Requires limbs within +-(2^50 + 4).
  [[gnu::noinline]] FqDoubles squared() const {
    Columns t(detail::kSquareColumnStarts);
    detail::for_limbs<V::kIsUnrolled>([&](std::size_t i) GPU_ALWAYS_INLINE {
      // All that reaches column i must be there before it is cleared: the pairs (k, i - k) are.
      t.add(2 * i, limb[i], limb[i]);
      const V twice = limb[i] + limb[i];
      detail::for_limbs<V::kIsUnrolled>([&](std::size_t j) GPU_ALWAYS_INLINE {
        if (j > i) {
          t.add(i + j, limb[j], twice);
        }
      });
      t.clear(i);
    });
    return t.upper();
  }

 private:
  // The sum of products, column by column.
  struct Columns {
    Bits at[2 * kDoublesLimbs];

    explicit Columns(const std::array<std::uint64_t, 2 * kDoublesLimbs>& starts) {
      for (std::size_t i = 0; i < 2 * kDoublesLimbs; ++i) {
        at[i] = Bits::all(starts[i]);
      }
    }

    void add(std::size_t column, const V& a, const V& b) {
      V::add_product(a, b, at[column], at[column + 1]);
    }

    // Adds the multiple of q that makes `column` zero, and carries what is above it.
    void clear(std::size_t column) {
      constexpr DoublesLimbs kModulus = detail::split_doubles_centred(FqParams::kModulus);
      const Bits t = at[column];
      const Bits m = t.template left<47>() + t.template left<46>() - t;
      const V multiple = from_integer(m & Bits::all(detail::kDoublesMask), detail::kTwo52);
      detail::for_limbs<V::kIsUnrolled>(
          [&](std::size_t j) GPU_ALWAYS_INLINE { add(column + j, multiple, V::all(kModulus[j])); });
      at[column + 1] = at[column + 1] + at[column].template right<kDoublesBits>();
    }

    // The upper half, which is what clearing the lower one leaves of the product.
    FqDoubles upper() {
      FqDoubles out;
      for (std::size_t i = kDoublesLimbs; i + 1 < 2 * kDoublesLimbs; ++i) {
        out.limb[i - kDoublesLimbs] =
            from_integer(at[i] & Bits::all(detail::kDoublesMask), detail::kTwo52 + detail::kTwo50);
        at[i + 1] = at[i + 1] + at[i].template right<kDoublesBits>();
      }
      // The top one has no carry to give, and its sign.
      const Bits top = at[2 * kDoublesLimbs - 1] +
                       Bits::all(detail::kLowShiftBits - detail::kUp - detail::kHalf);
      out.limb[kDoublesLimbs - 1] = V::of_bits(top) - V::all(detail::kLowShift);
      return out;
    }

    // The double of a value below 2^52, less `offset` - 2^52.
    static V from_integer(const Bits& value, double offset) {
      return V::of_bits(value | Bits::all(std::bit_cast<std::uint64_t>(detail::kTwo52))) -
             V::all(offset);
    }
  };
};

#undef GPU_ALWAYS_INLINE

}  // namespace gpu
