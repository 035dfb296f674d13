#include "prover/puzzle/verify.h"

#include <set>

#include "gpu/curve/pairing.h"
#include "prover/puzzle/coinbase.h"
#include "prover/puzzle/target.h"

namespace prover {
namespace {

// Everything about a coinbase but its proof.
Verdict check_targets(const CoinbaseSolution& solution, const CoinbaseTargets& targets) {
  if (solution.partials.empty() || solution.partials.size() > kCoinbaseSolutionsMax) {
    return Verdict::BadCount;
  }
  std::set<std::array<std::uint8_t, gpu::kG1CompressedBytes>> seen;
  gpu::Wide sum = 0;
  for (const PartialSolution& partial : solution.partials) {
    const auto bytes = gpu::compress(partial.commitment);
    const std::uint64_t target = target_of_hash(target_hash(bytes));
    if (!seen.insert(bytes).second) {
      return Verdict::Duplicate;
    }
    if (target < targets.each_min) {
      return Verdict::LowTarget;
    }
    sum += target;
  }
  return sum < targets.sum_min ? Verdict::LowTargetSum : Verdict::Valid;
}

}  // namespace

std::string_view text_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Valid:
      return "valid";
    case Verdict::LowTarget:
      return "target below what is asked";
    case Verdict::LowTargetSum:
      return "sum of the targets below what is asked";
    case Verdict::Duplicate:
      return "two equal commitments";
    case Verdict::BadCount:
      return "no solutions, or too many";
    case Verdict::WrongCommitment:
      return "commitment to something else";
    case Verdict::WrongProof:
      return "the proof does not hold";
  }
  return "";
}

bool opening_holds(const gpu::G2Affine& beta_h, const G1Affine& commitment, const Fr& at,
                   const Fr& value, const G1Affine& proof) {
  if (commitment.is_infinity() || proof.is_infinity()) {
    return false;
  }
  const gpu::G1 left = gpu::multiply_in_subgroup(proof, at) +
                       gpu::multiply_in_subgroup(gpu::g1_generator(), -value) + commitment;
  return gpu::pairings_are_equal({left.affine(), gpu::g2_generator()}, {proof, beta_h});
}

EpochKey make_epoch_key(const EpochChallenge& challenge, const gpu::G2Affine& beta_h) {
  return {challenge, epoch_polynomial(challenge), beta_h};
}

Verdict verify(const EpochKey& epoch, const ProverSolution& solution, std::uint64_t target_min) {
  const PartialSolution& partial = solution.partial;
  if (target_of(partial.commitment) < target_min) {
    return Verdict::LowTarget;
  }
  const Fr at = challenge_point(partial.commitment);
  const Polynomial prover = prover_polynomial(epoch.challenge, partial.address, partial.nonce);
  const Fr value = evaluate(prover, at) * evaluate(epoch.polynomial, at);
  return opening_holds(epoch.beta_h, partial.commitment, at, value, solution.proof)
             ? Verdict::Valid
             : Verdict::WrongProof;
}

Verdict recompute(const EpochBases& epoch, const Srs& srs, const ProverSolution& solution,
                  std::uint64_t target_min) {
  const PartialSolution& partial = solution.partial;
  if (target_of(partial.commitment) < target_min) {
    return Verdict::LowTarget;
  }
  const Polynomial prover = prover_polynomial(epoch.challenge, partial.address, partial.nonce);
  if (commit(epoch, prover) != partial.commitment) {
    return Verdict::WrongCommitment;
  }
  const Fr at = challenge_point(partial.commitment);
  return open(epoch, srs, prover, at).proof == solution.proof ? Verdict::Valid
                                                              : Verdict::WrongProof;
}

Verdict verify(const EpochKey& epoch, const CoinbaseSolution& solution,
               const CoinbaseTargets& targets) {
  if (const Verdict verdict = check_targets(solution, targets); verdict != Verdict::Valid) {
    return verdict;
  }
  const Accumulation accumulation = accumulation_of(solution.partials);
  const Polynomial combined = combined_polynomial(epoch.challenge, accumulation, solution.partials);
  const Fr value =
      evaluate(combined, accumulation.point) * evaluate(epoch.polynomial, accumulation.point);
  return opening_holds(epoch.beta_h, combined_commitment(accumulation, solution.partials),
                       accumulation.point, value, solution.proof)
             ? Verdict::Valid
             : Verdict::WrongProof;
}

}  // namespace prover
