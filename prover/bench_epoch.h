// An epoch for measurements: its reference string's beta is known, so that no file is needed and
// every commitment can be checked with one product.
#pragma once

#include <memory>

#include "prover/puzzle/commit.h"

namespace prover {

// Bases by one product of a point each, on so many threads.
std::shared_ptr<const EpochBases> make_bench_epoch(std::uint32_t degree, std::uint32_t number,
                                                   unsigned threads);
// [p(beta) e(beta)] G of the nonce, for the address of zeros.
gpu::G1Affine bench_commitment(const EpochBases& epoch, std::uint64_t nonce);

}  // namespace prover
