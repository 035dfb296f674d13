// Points of G1 as bytes, as snarkVM and arkworks write them.
//
//   compressed, 48 bytes    x little-endian; last byte: bit 7 says that y is the larger of y and
//                           q - y, bit 6 that the point is infinity (and x zero)
//   uncompressed, 96 bytes  x, then y, little-endian; bit 6 of the last byte: infinity
//
// A decoder takes exactly one way to write each point and refuses all else, so that equal points
// have equal bytes (duplicates are found by bytes).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "gpu/curve/g1.h"
#include "overlay/base/result.h"

namespace gpu {

inline constexpr std::size_t kG1CompressedBytes = 48;
inline constexpr std::size_t kG1UncompressedBytes = 96;

std::array<std::uint8_t, kG1CompressedBytes> compress(const G1Affine& point);
std::array<std::uint8_t, kG1UncompressedBytes> encode(const G1Affine& point);

// A y with y^2 = value, or nothing. Tonelli and Shanks, up to about 1 500 products.
std::optional<Fq> square_root(const Fq& value);

// What decoders check beyond the form: points that were checked before (a file with a digest) need
// not be in the subgroup again, which costs 127 doublings a point.
enum class Membership { Check, Trust };

// Errors: Truncated or Malformed, naming the first thing that is wrong: length, both flags, a flag
// that has no meaning here, a coordinate not below q, infinity with coordinates, a point that is
// not on the curve, a point outside the subgroup of order r.
base::Result<G1Affine> decompress(std::span<const std::uint8_t> bytes, Membership membership);
base::Result<G1Affine> decode_g1(std::span<const std::uint8_t> bytes, Membership membership);

}  // namespace gpu
