// The coefficients of many provers' polynomials, eight seeds at a time: what the engine hashes
// 8 192 times a proof. prover/puzzle's hash_to_coefficients is the definition; this gives the same
// numbers several times as fast, because one message is one block, mostly zero, and a vector
// register holds several of them.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gpu/field/bls12_377.h"

namespace prover {

inline constexpr std::size_t kSeedLanes = 8;
using Seed = std::array<std::uint8_t, 32>;  // BLAKE2s-256 of a prover's input

// out[i] = BLAKE2b-512(seeds[i] || u32 LE index) as a little-endian number mod r, canonical.
// By AVX-512, AVX2 or plain C++, whichever this processor has.
void hash_coefficients(std::span<const Seed, kSeedLanes> seeds, std::uint32_t index,
                       std::span<gpu::Limbs<4>, kSeedLanes> out);

namespace detail {

using HashBlocks = void (*)(const std::uint64_t (*message)[kSeedLanes],
                            std::uint64_t (*digest)[kSeedLanes]);
// Eight BLAKE2b-512 of one 36-byte block each: message[w][lane] and digest[w][lane] are word w of
// the lane's message, five words of it, and digest.
void hash_blocks_portable(const std::uint64_t (*message)[kSeedLanes],
                          std::uint64_t (*digest)[kSeedLanes]);
void hash_blocks_avx2(const std::uint64_t (*message)[kSeedLanes],
                      std::uint64_t (*digest)[kSeedLanes]);
void hash_blocks_avx512(const std::uint64_t (*message)[kSeedLanes],
                        std::uint64_t (*digest)[kSeedLanes]);
// All that this processor can run, for tests: never empty.
std::span<const HashBlocks> supported_hash_blocks();

}  // namespace detail
}  // namespace prover
