// What batch_kernel.h computes with: one element of Fq, or eight side by side, behind one set of
// operations. An Element type gives
//
//   kCount                         elements in one
//   Entry                          a table's point, as `load` wants it
//   make_entry, load, prefetch     to and from tables; the digit's sign goes into y
//   store_point, load_point        one affine point in place `lane`
//   a * b, subtract(a, b, bound)   subtract adds bound * q where the type does not reduce
//   lane_value, set_lane           single elements, for the shared inversion
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gpu/curve/g1.h"
#include "gpu/field/fq_lanes.h"
#include "gpu/field/fq_x86.h"
#include "gpu/msm/odd_digits.h"

namespace gpu {

struct ScalarOperations {
  static Fq multiply(const Fq& a, const Fq& b) { return Fq::multiply_portable(a, b); }
  static Fq subtract(const Fq& a, const Fq& b) { return a - b; }
};

#if defined(__x86_64__)
struct AdxOperations {
  static Fq multiply(const Fq& a, const Fq& b) { return multiply_adx(a, b); }
  static Fq subtract(const Fq& a, const Fq& b) { return subtract_x86(a, b); }
};
#endif

template <typename Operations>
struct SingleElement {
  static constexpr std::size_t kCount = 1;
  static constexpr bool kIsReduced = true;
  using Entry = G1Affine;

  Fq value;

  static SingleElement one() { return {Fq::one()}; }
  static Entry make_entry(const G1Affine& point) { return point; }
  static void load(const Entry* table, const OddDigit* digits, SingleElement& x, SingleElement& y) {
    const Entry& entry = table[digit_index(digits[0])];
    x.value = entry.x;
    // Without a branch: the sign is a coin's toss.
    const Fq choices[2] = {entry.y, Operations::subtract(Fq::zero(), entry.y)};
    y.value = choices[digits[0] & 1];
  }
  // Of an entry that will be loaded soon: tables are read at random.
  static void prefetch(const Entry* table, const OddDigit* digits) {
    const Entry& entry = table[digit_index(digits[0])];
    __builtin_prefetch(&entry.x);
    __builtin_prefetch(&entry.y);
  }
  friend SingleElement operator*(const SingleElement& a, const SingleElement& b) {
    return {Operations::multiply(a.value, b.value)};
  }
  static SingleElement subtract(const SingleElement& a, const SingleElement& b, unsigned) {
    return {Operations::subtract(a.value, b.value)};
  }
  Fq lane_value(std::size_t) const { return value; }
  void set_lane(std::size_t, const Fq& to) { value = to; }
};

// Multiples of q that may be added before a subtraction, made once. No more than what still comes
// back out of its lane: from_lanes takes values below 2^384, which is 152 q.
inline constexpr unsigned kBoundMax = 150;
static_assert(kBoundMax < ~std::uint64_t{0} / (FqParams::kModulus.at[5] + 1));
constexpr std::array<LaneLimbs, kBoundMax + 1> multiples_of_q() {
  std::array<LaneLimbs, kBoundMax + 1> out{};
  for (unsigned i = 0; i <= kBoundMax; ++i) {
    out[i] = detail::multiple_of_q(i);
  }
  return out;
}
inline constexpr std::array<LaneLimbs, kBoundMax + 1> kMultiplesOfQ = multiples_of_q();

template <typename V>
struct LanesElement {
  static constexpr std::size_t kCount = kLanes;
  static constexpr bool kIsReduced = false;
  struct Entry {
    LaneLimbs x;
    LaneLimbs y;
  };
  static_assert(sizeof(Entry) == 2 * kLaneLimbs * sizeof(std::uint64_t));

  FqLanes<V> value;

  static LanesElement one() { return {FqLanes<V>::one()}; }
  static Entry make_entry(const G1Affine& point) { return {to_lanes(point.x), to_lanes(point.y)}; }
  static void load(const Entry* table, const OddDigit* digits, LanesElement& x, LanesElement& y) {
    std::uint64_t offsets[kLanes];
    std::uint8_t negative = 0;
    for (std::size_t i = 0; i < kLanes; ++i) {
      offsets[i] = digit_index(digits[i]) * 2 * kLaneLimbs;
      negative = static_cast<std::uint8_t>(negative | ((digits[i] & 1U) << i));
    }
    const std::uint64_t* words = table->x.data();
    LanesElement positive;
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      x.value.limb[i] = V::gather(words + i, offsets);
      positive.value.limb[i] = V::gather(words + kLaneLimbs + i, offsets);
    }
    const LanesElement opposite = subtract(LanesElement{FqLanes<V>::all({})}, positive, 1);
    for (std::size_t i = 0; i < kLaneLimbs; ++i) {
      y.value.limb[i] = V::select(negative, opposite.value.limb[i], positive.value.limb[i]);
    }
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
  static LanesElement subtract(const LanesElement& a, const LanesElement& b, unsigned bound) {
    return {FqLanes<V>::subtract(a.value, b.value, kMultiplesOfQ[bound])};
  }
  Fq lane_value(std::size_t lane) const { return from_lanes(value.get(lane)); }
  void set_lane(std::size_t lane, const Fq& to) { value.set(lane, to_lanes(to)); }
};

}  // namespace gpu
