// What batch_kernel.h computes with: one element of Fq, or several side by side, behind one set of
// operations. An Element type gives
//
//   kCount                         elements in one
//   kIsReduced, kBoundMax          whether differences are reduced, and if not, how many q a
//                                  coordinate may reach
//   Entry                          a table's point, as loads want it
//   load_x, load_y, prefetch       of the entries that digits name; the digit's sign goes into y
//   put_entry, entry_point         to and from tables
//   a * b, a *= b, square(a), subtract(a, b, bound)
//                                  subtract adds bound * q where the type needs positive values; a
//                                  difference may be a factor, and
//   settle(a)                      makes one fit to be kept
//   from, values                   all its elements
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "gpu/curve/g1.h"
#include "gpu/field/fq_doubles.h"
#include "gpu/field/fq_lanes.h"
#include "gpu/field/fq_x86.h"
#include "gpu/msm/odd_digits.h"

namespace gpu {

struct ScalarOperations {
  static Fq multiply(const Fq& a, const Fq& b) { return Fq::multiply_portable(a, b); }
  static void multiply_by(Fq& a, const Fq& b) { a = Fq::multiply_portable(a, b); }
  static Fq subtract(const Fq& a, const Fq& b) { return a - b; }
};

#if defined(__x86_64__)
struct AdxOperations {
  static Fq multiply(const Fq& a, const Fq& b) { return multiply_adx(a, b); }
  static void multiply_by(Fq& a, const Fq& b) { multiply_by_adx(a, b); }
  static Fq subtract(const Fq& a, const Fq& b) { return subtract_x86(a, b); }
};
#endif

template <typename Operations>
struct SingleElement {
  static constexpr std::size_t kCount = 1;
  static constexpr bool kIsReduced = true;
  static constexpr unsigned kBoundMax = ~0U;
  // Both signs: one choice by address instead of a subtraction.
  struct Entry {
    Fq x;
    Fq y[2];
  };

  Fq value;

  static SingleElement one() { return {Fq::one()}; }
  static SingleElement from(std::span<const Fq, 1> values) { return {values[0]}; }
  std::array<Fq, 1> values() const { return {value}; }

  static void put_entry(const SingleElement& x, const SingleElement& y, Entry* to) {
    *to = {x.value, {y.value, -y.value}};
  }
  static G1Affine entry_point(const Entry& entry) { return {entry.x, entry.y[0]}; }
  static SingleElement load_x(const Entry* table, const OddDigit* digits) {
    return {table[digit_index(digits[0])].x};
  }
  static SingleElement load_y(const Entry* table, const OddDigit* digits) {
    return {table[digit_index(digits[0])].y[digits[0] & 1]};
  }
  // Of an entry that will be loaded soon: tables are read at random.
  static void prefetch(const Entry* table, const OddDigit* digits) {
    const Entry& entry = table[digit_index(digits[0])];
    __builtin_prefetch(&entry.x);
    __builtin_prefetch(&entry.y[digits[0] & 1]);
  }
  friend SingleElement operator*(const SingleElement& a, const SingleElement& b) {
    return {Operations::multiply(a.value, b.value)};
  }
  SingleElement& operator*=(const SingleElement& b) {
    Operations::multiply_by(value, b.value);
    return *this;
  }
  static SingleElement square(const SingleElement& a) { return a * a; }
  static SingleElement subtract(const SingleElement& a, const SingleElement& b, unsigned) {
    return {Operations::subtract(a.value, b.value)};
  }
  static SingleElement settle(const SingleElement& a) { return a; }
};

// How many q a product may reach where it is not reduced, and so an entry of a table.
inline constexpr unsigned kProductBound = 2;

// Multiples of q that may be added before a subtraction, made once. No more than what still comes
// back out of its lane: from_lanes takes values below 2^384, which is 152 q.
inline constexpr unsigned kLanesBoundMax = 150;
static_assert(kLanesBoundMax < ~std::uint64_t{0} / (FqParams::kModulus.at[5] + 1));
constexpr std::array<LaneLimbs, kLanesBoundMax + 1> multiples_of_q() {
  std::array<LaneLimbs, kLanesBoundMax + 1> out{};
  for (unsigned i = 0; i <= kLanesBoundMax; ++i) {
    out[i] = detail::multiple_of_q(i);
  }
  return out;
}
inline constexpr std::array<LaneLimbs, kLanesBoundMax + 1> kMultiplesOfQ = multiples_of_q();

template <typename V>
struct LanesElement {
  static constexpr std::size_t kCount = kLanes;
  static constexpr bool kIsReduced = false;
  static constexpr unsigned kBoundMax = kLanesBoundMax;
  struct Entry {
    LaneLimbs x;
    LaneLimbs y;
  };
  static_assert(sizeof(Entry) == 2 * kLaneLimbs * sizeof(std::uint64_t));

  FqLanes<V> value;

  static LanesElement one() { return {FqLanes<V>::one()}; }
  static LanesElement from(std::span<const Fq, kLanes> values) {
    LanesElement out = one();
    for (std::size_t i = 0; i < kLanes; ++i) {
      out.value.set(i, to_lanes(values[i]));
    }
    return out;
  }
  std::array<Fq, kLanes> values() const {
    std::array<Fq, kLanes> out;
    for (std::size_t i = 0; i < kLanes; ++i) {
      out[i] = from_lanes(value.get(i));
    }
    return out;
  }

  static void put_entry(const LanesElement& x, const LanesElement& y, Entry* to) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      to[i] = {x.value.get(i), y.value.get(i)};
    }
  }
  static G1Affine entry_point(const Entry& entry) {
    return {from_lanes(entry.x), from_lanes(entry.y)};
  }
  static LanesElement load_x(const Entry* table, const OddDigit* digits) {
    std::uint64_t offsets[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) {
      offsets[i] = digit_index(digits[i]) * 2 * kLaneLimbs;
    }
    LanesElement x;
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      x.value.limb[i] = V::gather(table->x.data() + i, offsets);
    }
    return x;
  }
  static LanesElement load_y(const Entry* table, const OddDigit* digits) {
    std::uint64_t offsets[kLanes];
    std::uint8_t negative = 0;
    for (std::size_t i = 0; i < kLanes; ++i) {
      offsets[i] = digit_index(digits[i]) * 2 * kLaneLimbs;
      negative = static_cast<std::uint8_t>(negative | ((digits[i] & 1U) << i));
    }
    LanesElement positive;
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      positive.value.limb[i] = V::gather(table->y.data() + i, offsets);
    }
    LanesElement y = subtract(LanesElement{FqLanes<V>::all({})}, positive, kProductBound);
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      y.value.limb[i] = V::select(negative, y.value.limb[i], positive.value.limb[i]);
    }
    return y;
  }
  static void prefetch(const Entry* table, const OddDigit* digits) {
    for (std::size_t i = 0; i < kLanes; ++i) {
      __builtin_prefetch(&table[digit_index(digits[i])].x);
      __builtin_prefetch(&table[digit_index(digits[i])].y);
    }
  }
  friend LanesElement operator*(const LanesElement& a, const LanesElement& b) {
    return {a.value * b.value};
  }
  LanesElement& operator*=(const LanesElement& b) { return *this = *this * b; }
  static LanesElement square(const LanesElement& a) { return a * a; }
  static LanesElement subtract(const LanesElement& a, const LanesElement& b, unsigned bound) {
    return {FqLanes<V>::subtract(a.value, b.value, kMultiplesOfQ[bound])};
  }
  static LanesElement settle(const LanesElement& a) { return a; }
};

template <typename V>
struct DoublesElement {
  static constexpr std::size_t kCount = kDoublesLanes;
  static constexpr bool kIsReduced = false;
  static constexpr unsigned kBoundMax = 1U << 15;  // fq_doubles.h
  struct alignas(64) Entry {
    DoublesLimbs x;
    DoublesLimbs y;
  };

  FqDoubles<V> value;

  static DoublesElement one() { return {FqDoubles<V>::one()}; }
  static DoublesElement from(std::span<const Fq, kCount> values) {
    return {FqDoubles<V>::from(values)};
  }
  std::array<Fq, kCount> values() const { return value.values(); }

  static void put_entry(const DoublesElement& x, const DoublesElement& y, Entry* to) {
    const auto xs = x.value.lanes();
    const auto ys = y.value.lanes();
    for (std::size_t i = 0; i < kCount; ++i) {
      to[i] = {xs[i], ys[i]};
    }
  }
  static G1Affine entry_point(const Entry& entry) {
    return {DoublesElement{FqDoubles<V>::all(entry.x)}.values()[0],
            DoublesElement{FqDoubles<V>::all(entry.y)}.values()[0]};
  }
  static DoublesElement load_x(const Entry* table, const OddDigit* digits) {
    return load([&](std::size_t i) { return table[digit_index(digits[i])].x.data(); });
  }
  static DoublesElement load_y(const Entry* table, const OddDigit* digits) {
    DoublesElement y = load([&](std::size_t i) { return table[digit_index(digits[i])].y.data(); });
    std::uint64_t signs[kCount];
    for (std::size_t i = 0; i < kCount; ++i) {
      signs[i] = std::uint64_t{digits[i]} << 63;
    }
    const auto negative = V::Bits::load(signs);
    for (V& limb : y.value.limb) {
      limb = V::of_bits(limb.bits() ^ negative);
    }
    return y;
  }
  static void prefetch(const Entry* table, const OddDigit* digits) {
    for (std::size_t i = 0; i < kCount; ++i) {
      __builtin_prefetch(&table[digit_index(digits[i])].x);
      __builtin_prefetch(&table[digit_index(digits[i])].y);
    }
  }
  friend DoublesElement operator*(const DoublesElement& a, const DoublesElement& b) {
    return {a.value * b.value};
  }
  DoublesElement& operator*=(const DoublesElement& b) { return *this = *this * b; }
  static DoublesElement square(const DoublesElement& a) { return {a.value.squared()}; }
  static DoublesElement subtract(const DoublesElement& a, const DoublesElement& b, unsigned) {
    return {a.value - b.value};
  }
  static DoublesElement settle(const DoublesElement& a) { return {a.value.settled()}; }

 private:
  template <typename Where>
  static DoublesElement load(const Where& where) {
    DoublesElement out;
    for (std::size_t half = 0; half < kDoublesLimbs; half += 4) {
      const double* const from[kCount] = {where(0) + half, where(1) + half, where(2) + half,
                                          where(3) + half};
      V limbs[4];
      V::transpose(from, limbs);
      std::copy_n(limbs, 4, out.value.limb + half);
    }
    return out;
  }
};

}  // namespace gpu
