// How much work a commitment proves: u64(SHA-256d(compressed C)) = h is worth (2^64 - 1) / h. A
// target of at least T takes about T commitments to find.
#pragma once

#include <array>
#include <cstdint>

#include "gpu/curve/g1_codec.h"

namespace prover {

// The first eight bytes of the digest, little-endian.
std::uint64_t target_hash(const std::array<std::uint8_t, gpu::kG1CompressedBytes>& commitment);

// floor((2^64 - 1) / hash), and 2^64 - 1 for the hash 0.
constexpr std::uint64_t target_of_hash(std::uint64_t hash) {
  return hash == 0 ? ~std::uint64_t{0} : ~std::uint64_t{0} / hash;
}

std::uint64_t target_of(const gpu::G1Affine& commitment);

}  // namespace prover
