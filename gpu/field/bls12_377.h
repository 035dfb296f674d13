// The two prime fields of BLS12-377: Fq, over which its curves are, and Fr, of its scalars.
//
// With x = 0x8508c00000000001 (Bowe, Chiesa, Green, Miers, Mishra, Wu: "Zexe", 2018, section 7):
// r = x^4 - x^2 + 1, q = (x - 1)^2 r / 3 + x. The constants below are recomputed by static_assert.
#pragma once

#include "gpu/field/fp.h"
#include "gpu/field/multiplier.h"

namespace gpu {

struct FqParams {
  static constexpr std::size_t kLimbs = 6;
  static constexpr Limbs<6> kModulus = {{0x8508c00000000001, 0x170b5d4430000000, 0x1ef3622fba094800,
                                         0x1a22d9f300f5138f, 0xc63b05c06ca1493b,
                                         0x01ae3a4617c510ea}};
  static constexpr Limbs<6> kR = {{0x02cdffffffffff68, 0x51409f837fffffb1, 0x9f7db3a98a7d3ff2,
                                   0x7b4e97b76e7c6305, 0x4cf495bf803c84e8, 0x008d6661e2fdf49a}};
  static constexpr Limbs<6> kR2 = {{0xb786686c9400cd22, 0x0329fcaab00431b1, 0x22a5f11162d6b46d,
                                    0xbfdf7d03827dc3ac, 0x837e92f041790bf9, 0x006dfccb1e914b88}};
  static constexpr std::uint64_t kInverse = 0x8508bfffffffffff;

  static void multiply(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b) {
    detail::multipliers.fq(out, a, b);
  }
};

struct FrParams {
  static constexpr std::size_t kLimbs = 4;
  static constexpr Limbs<4> kModulus = {
      {0x0a11800000000001, 0x59aa76fed0000001, 0x60b44d1e5c37b001, 0x12ab655e9a2ca556}};
  static constexpr Limbs<4> kR = {
      {0x7d1c7ffffffffff3, 0x7257f50f6ffffff2, 0x16d81575512c0fee, 0x0d4bda322bbb9a9d}};
  static constexpr Limbs<4> kR2 = {
      {0x25d577bab861857b, 0xcc2c27b58860591f, 0xa7cc008fe5dc8593, 0x011fdae7eff1c939}};
  static constexpr std::uint64_t kInverse = 0x0a117fffffffffff;

  static void multiply(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b) {
    detail::multipliers.fr(out, a, b);
  }
};

using Fq = Fp<FqParams>;
using Fr = Fp<FrParams>;

namespace detail {

// 2^exponent mod p by doubling.
template <typename Params>
constexpr Limbs<Params::kLimbs> power_of_two(std::size_t exponent) {
  Limbs<Params::kLimbs> value;
  value.at[0] = 1;
  for (std::size_t i = 0; i < exponent; ++i) {
    add_to(value, Limbs<Params::kLimbs>(value));
    Limbs<Params::kLimbs> reduced = value;
    if (sub_from(reduced, Params::kModulus) == 0) {
      value = reduced;
    }
  }
  return value;
}

template <typename Params>
constexpr bool constants_hold() {
  constexpr std::size_t kBits = Params::kLimbs * 64;
  return Params::kInverse * Params::kModulus.at[0] == ~std::uint64_t{0} &&
         power_of_two<Params>(kBits) == Params::kR &&
         power_of_two<Params>(2 * kBits) == Params::kR2;
}
static_assert(constants_hold<FqParams>());
static_assert(constants_hold<FrParams>());

// The moduli from x, as integers: (x - 1)^2 / 3 * r + x = q and (x^2 - 1) x^2 + 1 = r.
constexpr std::uint64_t kX = 0x8508c00000000001;

template <std::size_t N, std::size_t M>
constexpr Limbs<N + M> product(const Limbs<N>& a, const Limbs<M>& b) {
  Limbs<N + M> out;
  for (std::size_t i = 0; i < N; ++i) {
    std::uint64_t high = 0;
    for (std::size_t j = 0; j < M; ++j) {
      out.at[i + j] = mul_add(a.at[i], b.at[j], out.at[i + j], high, high);
    }
    out.at[i + M] = high;
  }
  return out;
}

constexpr Limbs<4> modulus_r() {
  const Limbs<1> x{{kX}};
  const Limbs<2> square = product(x, x);
  Limbs<2> less_one = square;
  sub_from(less_one, Limbs<2>{{1, 0}});
  Limbs<4> r = product(square, less_one);
  add_to(r, Limbs<4>{{1, 0, 0, 0}});
  return r;
}
static_assert(modulus_r() == FrParams::kModulus);

constexpr Limbs<6> modulus_q() {
  const Limbs<1> third{{(kX - 1) / 3}};
  Limbs<6> q = product(product(Limbs<1>{{kX - 1}}, third), modulus_r());
  add_to(q, Limbs<6>{{kX, 0, 0, 0, 0, 0}});
  return q;
}
static_assert((kX - 1) % 3 == 0 && modulus_q() == FqParams::kModulus);

}  // namespace detail

// Two-adicity and roots of unity of Fr, for the transforms.
inline constexpr unsigned kFrTwoAdicity = 47;
inline constexpr Fr kFrGenerator = Fr::from_u64(22);

// A primitive root of unity of order 2^log_size. Requires log_size <= kFrTwoAdicity.
constexpr Fr root_of_unity(unsigned log_size) {
  Limbs<4> exponent = FrParams::kModulus;  // (r - 1) / 2^47
  exponent.at[0] -= 1;
  for (unsigned i = 0; i < kFrTwoAdicity; ++i) {
    exponent = half(exponent);
  }
  Fr root = kFrGenerator.pow(exponent);
  for (unsigned i = log_size; i < kFrTwoAdicity; ++i) {
    root = root.squared();
  }
  return root;
}

}  // namespace gpu
