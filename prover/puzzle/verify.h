// Is a solution what it claims to be? For a pool, and for a prover before it sends.
//
// By pairing it takes no bases, one product of two pairings and a polynomial hashed for each nonce.
// By recomputation it takes the powers or the epoch's bases and shows the same: the commitment and
// the proof to a nonce are the only right ones.
//
// Solutions come from the decoders of solution.h: points of the subgroup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gpu/curve/g2.h"
#include "prover/puzzle/commit.h"
#include "prover/puzzle/solution.h"

namespace prover {

enum class Verdict {
  Valid,
  LowTarget,        // of one solution
  LowTargetSum,     // of a coinbase
  Duplicate,        // two equal commitments in a coinbase
  BadCount,         // none or more than kCoinbaseSolutionsMax
  WrongCommitment,  // not to the polynomial of this address and nonce
  WrongProof,
};
std::string_view text_of(Verdict verdict);

// e(C - v G + z w, H) = e(w, beta H), which is e(C - v G, H) = e(w, beta H - z H) without a product
// in the second group. Infinity is refused.
bool opening_holds(const gpu::G2Affine& beta_h, const G1Affine& commitment, const Fr& at,
                   const Fr& value, const G1Affine& proof);

// What a verifier keeps of an epoch.
struct EpochKey {
  EpochChallenge challenge;
  Polynomial polynomial;  // epoch_polynomial(challenge)
  gpu::G2Affine beta_h;
};
EpochKey make_epoch_key(const EpochChallenge& challenge, const gpu::G2Affine& beta_h);

// By pairing: LowTarget or WrongProof, which then also stands for a commitment to something else.
Verdict verify(const EpochKey& epoch, const ProverSolution& solution, std::uint64_t target_min);

// By recomputation: three sums of as many terms as there are bases.
Verdict recompute(const EpochBases& epoch, const Srs& srs, const ProverSolution& solution,
                  std::uint64_t target_min);

// What is asked of a coinbase: a target of each solution, and a sum of them all.
struct CoinbaseTargets {
  std::uint64_t each_min = 0;
  std::uint64_t sum_min = 0;
};

struct CoinbaseVerdict {
  Verdict verdict = Verdict::Valid;
  std::size_t index = 0;     // LowTarget, Duplicate, WrongCommitment: the first that is to blame
  std::uint64_t target = 0;  // LowTarget: its target; LowTargetSum: the sum

  friend bool operator==(const CoinbaseVerdict&, const CoinbaseVerdict&) = default;
};

// By pairing: every target at least `each_min`, their sum at least `sum_min`, no two commitments
// equal, one opening for all. WrongProof then also stands for commitments to something else.
CoinbaseVerdict verify(const EpochKey& epoch, const CoinbaseSolution& solution,
                       const CoinbaseTargets& targets);

// The same by recomputation, and without bases: a sum of as many terms as the domain has points for
// every commitment, and one for the proof.
CoinbaseVerdict recompute(const EpochChallenge& challenge, const Srs& srs,
                          const CoinbaseSolution& solution, const CoinbaseTargets& targets);

}  // namespace prover
