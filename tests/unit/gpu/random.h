// Seeded elements and points for tests of arithmetic.
#pragma once

#include <array>
#include <cstdint>

#include "gpu/curve/g1.h"
#include "overlay/base/random.h"

namespace gpu::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

template <std::size_t N>
Limbs<N> random_limbs(base::RandomSource& random) {
  std::array<std::uint8_t, N * 8> bytes{};
  random.fill(bytes);
  return from_bytes<N>(bytes.data());
}

// Any element: both fields' 2^(64 n) is far more than the modulus.
template <typename F>
F random_element(base::RandomSource& random) {
  const auto low = random_limbs<F::kLimbs>(random);
  const auto high = random_limbs<F::kLimbs>(random);
  return F::from_canonical(F::reduce_wide(low, high));
}

// A point of the subgroup.
inline G1Affine random_point(base::RandomSource& random) {
  return multiply_in_subgroup(g1_generator(), random_element<Fr>(random)).affine();
}

}  // namespace gpu::test
