// G2 of BLS12-377: y^2 = x^3 + 1/u over Fq2, the twist on which a verifier's two points are.
//
// Affine only, an inversion an addition: what is done here is a handful of operations at start.
// The pairing (pairing.h) has its own loop.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gpu/curve/tower.h"
#include "overlay/base/result.h"

namespace gpu {

// Infinity is (0, 0), which is not on the curve.
struct G2Affine {
  Fq2 x;
  Fq2 y;

  bool is_infinity() const { return x.is_zero() && y.is_zero(); }
  G2Affine operator-() const { return {x, -y}; }
  friend bool operator==(const G2Affine&, const G2Affine&) = default;
};

// The generator that snarkVM fixes.
G2Affine g2_generator();

bool is_on_curve(const G2Affine& point);
// Whether r * point is infinity; milliseconds. Requires a point on the curve.
bool is_in_subgroup(const G2Affine& point);

// Equal, opposite and infinite operands too.
G2Affine add(const G2Affine& a, const G2Affine& b);
G2Affine multiply(const G2Affine& point, const Limbs<4>& scalar);

// x.c0, x.c1, y.c0, y.c1, 48 bytes little-endian each; bit 6 of the last byte: infinity.
inline constexpr std::size_t kG2UncompressedBytes = 192;
std::array<std::uint8_t, kG2UncompressedBytes> encode(const G2Affine& point);

// Takes exactly one way to write each point. Errors: Truncated or Malformed, naming the first thing
// that is wrong: length, a flag that has no meaning here, a coordinate not below q, infinity with
// coordinates, not on the curve, outside the subgroup of order r.
base::Result<G2Affine> decode_g2(std::span<const std::uint8_t> bytes);

}  // namespace gpu
