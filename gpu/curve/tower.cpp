#include "gpu/curve/tower.h"

namespace gpu {
namespace {

// w^(q - 1) = u^((q - 1) / 6) = (-5)^((q - 1) / 12), as w^6 = u and u^2 = -5: an element of Fq.
Fq frobenius_factor() {
  constexpr std::uint64_t kTwelve = 12;
  Limbs<6> exponent;
  std::uint64_t rest = 0;
  for (std::size_t i = 6; i-- > 0;) {
    const Wide part = (Wide{rest} << 64) | FqParams::kModulus.at[i];
    exponent.at[i] = static_cast<std::uint64_t>(part / kTwelve);
    rest = static_cast<std::uint64_t>(part % kTwelve);
  }
  CHECK(rest == 1);
  return (-Fq::from_u64(5)).pow(exponent);
}

}  // namespace

Fq6 operator*(const Fq6& a, const Fq6& b) {
  const Fq2 v0 = a.c0 * b.c0;
  const Fq2 v1 = a.c1 * b.c1;
  const Fq2 v2 = a.c2 * b.c2;
  return {v0 + ((a.c1 + a.c2) * (b.c1 + b.c2) - v1 - v2).times_u(),
          (a.c0 + a.c1) * (b.c0 + b.c1) - v0 - v1 + v2.times_u(),
          (a.c0 + a.c2) * (b.c0 + b.c2) - v0 - v2 + v1};
}

Fq6 Fq6::inverse() const {
  const Fq2 t0 = c0.squared() - (c1 * c2).times_u();
  const Fq2 t1 = c2.squared().times_u() - c0 * c1;
  const Fq2 t2 = c1.squared() - c0 * c2;
  const Fq2 norm = (c0 * t0 + (c2 * t1 + c1 * t2).times_u()).inverse();
  return {t0 * norm, t1 * norm, t2 * norm};
}

Fq12 operator*(const Fq12& a, const Fq12& b) {
  const Fq6 low = a.c0 * b.c0;
  const Fq6 high = a.c1 * b.c1;
  return {low + high.times_v(), (a.c0 + a.c1) * (b.c0 + b.c1) - low - high};
}

Fq12 Fq12::squared() const {
  // (c0 + c1)(c0 + v c1) = c0^2 + v c1^2 + (1 + v) c0 c1: two products instead of three.
  const Fq6 both = c0 * c1;
  return {(c0 + c1) * (c0 + c1.times_v()) - both - both.times_v(), both + both};
}

Fq12 Fq12::inverse() const {
  const Fq6 norm = (c0 * c0 - (c1 * c1).times_v()).inverse();
  return {c0 * norm, -(c1 * norm)};
}

Fq12 Fq12::frobenius() const {
  // Of a + b w + ..., each coefficient in Fq2 is conjugated and w^k becomes w^k factor^k. The
  // powers of w are, in order: c0.c0, c1.c0, c0.c1, c1.c1, c0.c2, c1.c2.
  static const std::array<Fq, 6> kFactors = [] {
    std::array<Fq, 6> out;
    Fq power = Fq::one();
    for (Fq& factor : out) {
      factor = power;
      power *= frobenius_factor();
    }
    return out;
  }();
  return {{c0.c0.conjugate(), c0.c1.conjugate() * kFactors[2], c0.c2.conjugate() * kFactors[4]},
          {c1.c0.conjugate() * kFactors[1], c1.c1.conjugate() * kFactors[3],
           c1.c2.conjugate() * kFactors[5]}};
}

}  // namespace gpu
