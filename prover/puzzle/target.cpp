#include "prover/puzzle/target.h"

#include "overlay/crypto/digest.h"
#include "prover/puzzle/little_endian.h"

namespace prover {

std::uint64_t target_hash(const std::array<std::uint8_t, gpu::kG1CompressedBytes>& commitment) {
  return read_le<std::uint64_t>(crypto::sha256d(commitment), 0);
}

std::uint64_t target_of(const gpu::G1Affine& commitment) {
  return target_of_hash(target_hash(gpu::compress(commitment)));
}

}  // namespace prover
