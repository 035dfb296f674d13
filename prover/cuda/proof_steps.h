// The steps of a batch of proofs that are the puzzle's own, one thread each: what the kernels run,
// and what a loop runs on the host. The sums between them are gpu/msm/table_steps.h's.
//
//   seed       nonce -> BLAKE2s
//   digits     seed and the base's index -> coefficient -> signed odd digits
//   check      affine sum -> compressed -> SHA-256d -> target -> list of hits
#pragma once

#include "gpu/curve/g1.h"
#include "gpu/msm/table_steps.h"
#include "prover/cuda/hashes.h"

namespace prover::cuda {

// Coefficient `index` of the polynomial of a seed, an integer below r.
GPU_INLINED gpu::Limbs<4> coefficient(const SeedWords& seed, Word32 index) {
  Word64 digest[8];
  coefficient_digest(seed, index, digest);
  const gpu::Limbs<4> low{{digest[0], digest[1], digest[2], digest[3]}};
  const gpu::Limbs<4> high{{digest[4], digest[5], digest[6], digest[7]}};
  return gpu::Fr::reduce_wide(low, high);
}

// Thread: one base of the chunk and sum `index`; digits as table_steps.h lays them out.
GPU_INLINED void write_digits(const gpu::SumShape& shape, const SeedWords& seed, Word32 first_base,
                              std::size_t base, std::size_t index, gpu::OddDigit* digits) {
  gpu::OddDigit* out = digits + base * shape.plan.windows * shape.sums + index;
  gpu::odd_digits(coefficient(seed, first_base + static_cast<Word32>(base)), shape.plan,
                  [&](unsigned window, gpu::OddDigit digit) { out[window * shape.sums] = digit; });
}

// A sum that reaches the target.
struct HitRecord {
  Word64 index = 0;  // in the batch: its nonce less the first
  Word64 target = 0;
  gpu::G1Affine commitment;
};
// More hits of one batch are counted and left out.
inline constexpr Word32 kHitsMax = 4096;

// What the commitment is worth: as prover/puzzle/target.h.
GPU_HD inline Word64 target_of_sum(const gpu::G1Affine& sum) {
  constexpr Word64 kLargerY = Word64{0x80} << 56;
  constexpr Word64 kInfinity = Word64{0x40} << 56;
  const gpu::Limbs<6> x = sum.x.canonical();
  Word64 words[6];
  GPU_UNROLL
  for (unsigned i = 0; i < 6; ++i) {
    words[i] = x.at[i];
  }
  if (sum.x.is_zero() && sum.y.is_zero()) {
    words[5] |= kInfinity;
  } else if (gpu::less((-sum.y).canonical(), sum.y.canonical())) {
    words[5] |= kLargerY;
  }
  const Word64 hash = sha256d_head(words);
  return hash == 0 ? ~Word64{0} : ~Word64{0} / hash;
}

}  // namespace prover::cuda
