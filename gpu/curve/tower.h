// The tower over Fq in which BLS12-377's second group and its pairing live:
// Fq2 = Fq[u]/(u^2 + 5), Fq6 = Fq2[v]/(v^3 - u), Fq12 = Fq6[w]/(w^2 - v).
//
// Products by Karatsuba's and Toom's schemes as in Devegili, O hEigeartaigh, Scott, Dahab,
// "Multiplication and squaring on pairing-friendly fields", 2006. For verification only: quick
// enough, not tuned.
#pragma once

#include <array>
#include <cstddef>

#include "gpu/field/bls12_377.h"

namespace gpu {

struct Fq2 {
  Fq c0;
  Fq c1;

  static Fq2 one() { return {Fq::one(), Fq()}; }
  bool is_zero() const { return c0.is_zero() && c1.is_zero(); }
  friend bool operator==(const Fq2&, const Fq2&) = default;

  friend Fq2 operator+(const Fq2& a, const Fq2& b) { return {a.c0 + b.c0, a.c1 + b.c1}; }
  friend Fq2 operator-(const Fq2& a, const Fq2& b) { return {a.c0 - b.c0, a.c1 - b.c1}; }
  Fq2 operator-() const { return {-c0, -c1}; }
  Fq2 doubled() const { return *this + *this; }
  friend Fq2 operator*(const Fq2& a, const Fq2& b) {
    const Fq low = a.c0 * b.c0;
    const Fq high = a.c1 * b.c1;
    return {low - times_five(high), (a.c0 + a.c1) * (b.c0 + b.c1) - low - high};
  }
  friend Fq2 operator*(const Fq2& a, const Fq& b) { return {a.c0 * b, a.c1 * b}; }
  Fq2 squared() const { return *this * *this; }
  Fq2& operator*=(const Fq2& b) { return *this = *this * b; }

  Fq2 times_u() const { return {-times_five(c1), c0}; }
  Fq2 conjugate() const { return {c0, -c1}; }  // this^q
  Fq2 inverse() const {                        // zero gives zero
    const Fq norm = (c0.squared() + times_five(c1.squared())).inverse();
    return {c0 * norm, -c1 * norm};
  }

 private:
  static Fq times_five(const Fq& a) { return a.doubled().doubled() + a; }
};

struct Fq6 {
  Fq2 c0;
  Fq2 c1;
  Fq2 c2;

  static Fq6 one() { return {Fq2::one(), {}, {}}; }
  friend bool operator==(const Fq6&, const Fq6&) = default;

  friend Fq6 operator+(const Fq6& a, const Fq6& b) {
    return {a.c0 + b.c0, a.c1 + b.c1, a.c2 + b.c2};
  }
  friend Fq6 operator-(const Fq6& a, const Fq6& b) {
    return {a.c0 - b.c0, a.c1 - b.c1, a.c2 - b.c2};
  }
  Fq6 operator-() const { return {-c0, -c1, -c2}; }
  friend Fq6 operator*(const Fq6& a, const Fq6& b);
  Fq6 times_v() const { return {c2.times_u(), c0, c1}; }
  Fq6 inverse() const;
};

struct Fq12 {
  Fq6 c0;
  Fq6 c1;

  static Fq12 one() { return {Fq6::one(), {}}; }
  friend bool operator==(const Fq12&, const Fq12&) = default;

  friend Fq12 operator*(const Fq12& a, const Fq12& b);
  Fq12& operator*=(const Fq12& b) { return *this = *this * b; }
  Fq12 squared() const;
  Fq12 inverse() const;
  Fq12 conjugate() const { return {c0, -c1}; }  // this^(q^6)
  Fq12 frobenius() const;                       // this^q

  template <std::size_t N>
  Fq12 pow(const Limbs<N>& exponent) const {
    Fq12 out = one();
    for (std::size_t i = bit_length(exponent); i-- > 0;) {
      out = out.squared();
      if (bit(exponent, i)) {
        out *= *this;
      }
    }
    return out;
  }
};

}  // namespace gpu
