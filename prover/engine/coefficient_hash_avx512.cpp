#include "prover/engine/blake2b_lanes.h"

namespace prover::detail {

void hash_blocks_avx512(const std::uint64_t (*message)[kSeedLanes],
                        std::uint64_t (*digest)[kSeedLanes]) {
  using Vector = std::uint64_t __attribute__((vector_size(64)));
  Blake2bLanes<Vector>::hash_blocks(message, digest);
}

}  // namespace prover::detail
