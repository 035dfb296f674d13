// A small puzzle with a known beta, for tests that need no file.
#pragma once

#include "prover/puzzle/commit.h"
#include "prover/puzzle/opening.h"
#include "prover/puzzle/solution.h"
#include "prover/puzzle/verify.h"

namespace prover::test {

inline EpochChallenge toy_challenge(std::uint32_t degree) {
  return {5, Bytes32{9, 8, 7}, degree};
}

struct Toy {
  explicit Toy(std::uint32_t degree) : toy(make_toy_srs(Fr::from_u64(0xbe7a).inverse(), degree)) {
    toy.srs.prepare(degree, gpu::one_after_another);
    epoch = make_epoch_bases(toy.srs, toy_challenge(degree), gpu::one_after_another);
    key = make_epoch_key(epoch.challenge, toy.beta_h);
  }

  const Srs& srs() const { return toy.srs; }
  Polynomial prover(std::uint64_t nonce) const {
    return prover_polynomial(epoch.challenge, kAddress, nonce);
  }
  ProverSolution solve(std::uint64_t nonce) const {
    const Polynomial polynomial = prover(nonce);
    const G1Affine commitment = commit(epoch, polynomial);
    const Opening opening = open(epoch, toy.srs, polynomial, challenge_point(commitment));
    return {{kAddress, nonce, commitment}, opening.proof};
  }

  static constexpr Bytes32 kAddress = {0xad, 0xd2, 0xe5, 0x55};
  ToySrs toy;
  EpochBases epoch;
  EpochKey key;
};

}  // namespace prover::test
