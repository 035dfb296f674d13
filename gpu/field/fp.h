// A prime field in Montgomery form, one template for every modulus, host and device. On a device
// its operators are Mont32's; values are the same.
//
// A Params gives kLimbs, kModulus, kR (2^(64 kLimbs) mod p), kR2 (its square mod p) and kInverse
// (-1/p mod 2^64). Values are always reduced, so equal elements have equal limbs and a table made
// on one side is used unchanged on the other. The top bit of the modulus is free (both fields here
// have seven and three spare bits), which is what lets a product's carries stay in one limb.
//
// Nothing here is constant-time: the puzzle has no secrets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "gpu/field/device_memory.h"
#include "gpu/field/host_device.h"
#include "gpu/field/inverse.h"
#include "gpu/field/limbs.h"
#include "gpu/field/mont32.h"

namespace gpu {

#if defined(__CUDA_ARCH__)
namespace detail {

// Out of line: what is not one long sum calls its products.
template <typename Params>
GPU_CALLED Limbs<Params::kLimbs> called_product(Limbs<Params::kLimbs> a, Limbs<Params::kLimbs> b) {
  return Mont32<Params>::product(a, b);
}
template <typename Params>
GPU_CALLED Limbs<Params::kLimbs> called_square(Limbs<Params::kLimbs> a) {
  return Mont32<Params>::square(a);
}

}  // namespace detail
#endif

template <typename Params>
class Fp {
 public:
  static constexpr std::size_t kLimbs = Params::kLimbs;
  static constexpr std::size_t kBytes = kLimbs * 8;
  using Value = Limbs<kLimbs>;
  static constexpr Value kModulus = Params::kModulus;

  constexpr Fp() = default;  // zero

  static constexpr Fp zero() { return Fp(); }
  static constexpr Fp one() {
    constexpr Value kOne = Params::kR;  // a copy: device code has no host's constants
    return from_montgomery(kOne);
  }
  static constexpr Fp from_u64(std::uint64_t value) {
    Value canonical;
    canonical.at[0] = value;
    return from_canonical(canonical);
  }
  // Requires value < kModulus.
  static constexpr Fp from_canonical(const Value& value) {
    constexpr Value kSquare = Params::kR2;
    return from_montgomery(value) * from_montgomery(kSquare);
  }
  // The limbs as they are: value * 2^(64 kLimbs) mod p. Requires them below kModulus.
  static constexpr Fp from_montgomery(const Value& limbs) {
    Fp out;
    out.limbs_ = limbs;
    return out;
  }

  // As load_constant of the limbs.
  GPU_INLINED static Fp load_constant(const Fp& from) {
    return from_montgomery(gpu::load_constant(&from.limbs_));
  }

  constexpr const Value& montgomery() const { return limbs_; }
  constexpr Value canonical() const {
    Value one;
    one.at[0] = 1;
    return (*this * from_montgomery(one)).limbs_;
  }

  constexpr bool is_zero() const { return gpu::is_zero(limbs_); }
  friend constexpr bool operator==(const Fp&, const Fp&) = default;

  friend constexpr Fp operator+(const Fp& a, const Fp& b) {
#if defined(__CUDA_ARCH__)
    if (!std::is_constant_evaluated()) {
      return from_montgomery(Mont32<Params>::sum(a.limbs_, b.limbs_));
    }
#endif
    Fp out = a;
    add_to(out.limbs_, b.limbs_);  // no carry out: the top bit of the modulus is free
    out.reduce_once();
    return out;
  }
  friend constexpr Fp operator-(const Fp& a, const Fp& b) {
#if defined(__CUDA_ARCH__)
    if (!std::is_constant_evaluated()) {
      return from_montgomery(Mont32<Params>::difference(a.limbs_, b.limbs_));
    }
#endif
    Fp out = a;
    // Without a branch: which way it went would be a coin's toss to the processor.
    const std::uint64_t mask = 0 - sub_from(out.limbs_, b.limbs_);
    Value correction;
    for (std::size_t i = 0; i < kLimbs; ++i) {
      correction.at[i] = kModulus.at[i] & mask;
    }
    add_to(out.limbs_, correction);
    return out;
  }
  constexpr Fp operator-() const {
    return is_zero() ? *this : from_montgomery(kModulus) - *this;
  }
  constexpr Fp doubled() const {
    return *this + *this;
  }

  // By the multiplier that the processor is best at (multiplier.h) where the field has one.
  friend constexpr Fp operator*(const Fp& a, const Fp& b) {
#if defined(__CUDA_ARCH__)
    if (!std::is_constant_evaluated()) {
      return from_montgomery(detail::called_product<Params>(a.limbs_, b.limbs_));
    }
#endif
    if constexpr (requires { Params::multiply(nullptr, nullptr, nullptr); }) {
      if (!std::is_constant_evaluated()) {
        return product_by(Params::multiply, a, b);
      }
    }
    return multiply_portable(a, b);
  }
  // The same by multiply(out, a, b), which takes limbs and may be given one place twice. Written
  // where they are wanted: a copy of what was just stored, by wider loads, has to wait for it.
  template <typename Multiply>
  static Fp product_by(const Multiply& multiply, const Fp& a, const Fp& b) {
    Fp out;
    multiply(out.limbs_.at, a.limbs_.at, b.limbs_.at);
    return out;
  }
  template <typename Multiply>
  void multiply_by(const Multiply& multiply, const Fp& b) {
    multiply(limbs_.at, limbs_.at, b.limbs_.at);
  }
  constexpr Fp squared() const {
#if defined(__CUDA_ARCH__)
    if (!std::is_constant_evaluated()) {
      return from_montgomery(detail::called_square<Params>(limbs_));
    }
#endif
    return *this * *this;
  }
  // The same as operator*; in device code in line, for kernels that are made of products.
  GPU_INLINED static Fp product_in_line(const Fp& a, const Fp& b) {
#if defined(__CUDA_ARCH__)
    return from_montgomery(Mont32<Params>::product(a.limbs_, b.limbs_));
#else
    return a * b;
#endif
  }
  constexpr Fp& operator+=(const Fp& b) {
    return *this = *this + b;
  }
  constexpr Fp& operator-=(const Fp& b) {
    return *this = *this - b;
  }
  constexpr Fp& operator*=(const Fp& b) {
    return *this = *this * b;
  }

  // Montgomery's product by operand scanning (Koc, Acar, Kaliski 1996, CIOS), without the carry
  // limb that a modulus with a free top bit does not need.
  static constexpr Fp multiply_portable(const Fp& a, const Fp& b) {
    Fp out;
    std::uint64_t* t = out.limbs_.at;
    for (std::size_t i = 0; i < kLimbs; ++i) {
      std::uint64_t high = 0;
      t[0] = mul_add(a.limbs_.at[0], b.limbs_.at[i], t[0], 0, high);
      const std::uint64_t m = t[0] * Params::kInverse;
      std::uint64_t carry = 0;
      mul_add(m, kModulus.at[0], t[0], 0, carry);
      for (std::size_t j = 1; j < kLimbs; ++j) {
        t[j] = mul_add(a.limbs_.at[j], b.limbs_.at[i], t[j], high, high);
        t[j - 1] = mul_add(m, kModulus.at[j], t[j], carry, carry);
      }
      t[kLimbs - 1] = high + carry;
    }
    out.reduce_once();
    return out;
  }

  // (low + high * 2^(64 kLimbs)) mod p as an integer, for any limbs: two products. What is scanned
  // limb by limb may be any value; the other factor is reduced.
  static constexpr Value reduce_wide(const Value& low, const Value& high) {
#if defined(__CUDA_ARCH__)
    if (!std::is_constant_evaluated()) {
      constexpr Value kOnce = Params::kR;
      constexpr Value kTwice = Params::kR2;
      return Mont32<Params>::sum(detail::called_product<Params>(kOnce, low),
                                 detail::called_product<Params>(kTwice, high));
    }
#endif
    return (from_montgomery(Params::kR) * from_montgomery(low) +
            from_montgomery(Params::kR2) * from_montgomery(high))
        .limbs_;
  }

  // this^exponent. O(bits) products.
  template <std::size_t N>
  constexpr Fp pow(const Limbs<N>& exponent) const {
    Fp out = one();
    for (std::size_t i = bit_length(exponent); i-- > 0;) {
      out = out.squared();
      if (bit(exponent, i)) {
        out *= *this;
      }
    }
    return out;
  }

  // 1/this, some hundred products' time; zero gives zero. Many at once: invert_all.
  constexpr Fp inverse() const {
#if !defined(__CUDA_ARCH__)
    constexpr Value kFactor = inverse_factor();
    return multiply_portable(from_montgomery(detail::scaled_inverse<Params>(limbs_)),
                             from_montgomery(kFactor));
#else  // by Fermat: one thread's branches would be its warp's
    constexpr Value kModulusHere = Params::kModulus;
    Value exponent = kModulusHere;
    Value two;
    two.at[0] = 2;
    sub_from(exponent, two);
    return pow(exponent);
#endif
  }

 private:
  // With R = 2^(64 kLimbs): limbs x R have the scaled inverse x^-1 R^-1 2^(-33 rounds), of which a
  // Montgomery product with R^3 2^(33 rounds) makes x^-1 R.
  static constexpr Value inverse_factor() {
    Fp out = multiply_portable(from_montgomery(Params::kR2), from_montgomery(Params::kR2));
    for (std::size_t i = 0; i < 33 * detail::inverse_rounds<Params>(); ++i) {
      out = out.doubled();
    }
    return out.limbs_;
  }

  constexpr void reduce_once() {
    Value reduced = limbs_;
    const std::uint64_t mask = 0 - sub_from(reduced, kModulus);
    for (std::size_t i = 0; i < kLimbs; ++i) {
      limbs_.at[i] = (limbs_.at[i] & mask) | (reduced.at[i] & ~mask);
    }
  }

  Value limbs_;
};

// Replaces every value by its inverse, zero by zero, for one inversion and three products each
// (Montgomery's trick). `scratch` holds at least as many elements as `values`.
template <typename F>
constexpr void invert_all(std::span<F> values, std::span<F> scratch) {
  F product = F::one();
  for (std::size_t i = 0; i < values.size(); ++i) {
    scratch[i] = product;
    if (!values[i].is_zero()) {
      product *= values[i];
    }
  }
  F inverse = product.inverse();
  for (std::size_t i = values.size(); i-- > 0;) {
    if (!values[i].is_zero()) {
      const F value = values[i];
      values[i] = inverse * scratch[i];
      inverse *= value;
    }
  }
}

}  // namespace gpu
