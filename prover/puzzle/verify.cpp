#include "prover/puzzle/verify.h"

#include <set>

#include "gpu/curve/pairing.h"
#include "prover/puzzle/coinbase.h"
#include "prover/puzzle/target.h"

namespace prover {
namespace {

// Everything about a coinbase but its commitments and its proof.
CoinbaseVerdict check_targets(const CoinbaseSolution& solution, const CoinbaseTargets& targets) {
  if (solution.partials.empty() || solution.partials.size() > kCoinbaseSolutionsMax) {
    return {.verdict = Verdict::BadCount};
  }
  std::set<std::array<std::uint8_t, gpu::kG1CompressedBytes>> seen;
  gpu::Wide sum = 0;
  for (std::size_t i = 0; i < solution.partials.size(); ++i) {
    const auto bytes = gpu::compress(solution.partials[i].commitment);
    const std::uint64_t target = target_of_hash(target_hash(bytes));
    if (!seen.insert(bytes).second) {
      return {.verdict = Verdict::Duplicate, .index = i};
    }
    if (target < targets.each_min) {
      return {.verdict = Verdict::LowTarget, .index = i, .target = target};
    }
    sum += target;
  }
  if (sum < targets.sum_min) {
    return {.verdict = Verdict::LowTargetSum, .target = static_cast<std::uint64_t>(sum)};
  }
  return {};
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

CoinbaseVerdict verify(const EpochKey& epoch, const CoinbaseSolution& solution,
                       const CoinbaseTargets& targets) {
  const CoinbaseVerdict early = check_targets(solution, targets);
  if (early.verdict != Verdict::Valid) {
    return early;
  }
  const Accumulation accumulation = accumulation_of(solution.partials);
  const Polynomial combined = combined_polynomial(epoch.challenge, accumulation, solution.partials);
  const Fr value =
      evaluate(combined, accumulation.point) * evaluate(epoch.polynomial, accumulation.point);
  const bool holds =
      opening_holds(epoch.beta_h, combined_commitment(accumulation, solution.partials),
                    accumulation.point, value, solution.proof);
  return {.verdict = holds ? Verdict::Valid : Verdict::WrongProof};
}

CoinbaseVerdict recompute(const EpochChallenge& challenge, const Srs& srs,
                          const CoinbaseSolution& solution, const CoinbaseTargets& targets) {
  const CoinbaseVerdict early = check_targets(solution, targets);
  if (early.verdict != Verdict::Valid) {
    return early;
  }
  const Polynomial epoch = epoch_polynomial(challenge);
  for (std::size_t i = 0; i < solution.partials.size(); ++i) {
    const PartialSolution& partial = solution.partials[i];
    const Polynomial prover = prover_polynomial(challenge, partial.address, partial.nonce);
    if (commit_by_coefficients(srs, epoch, prover) != partial.commitment) {
      return {.verdict = Verdict::WrongCommitment, .index = i};
    }
  }
  const bool is_same =
      open_coinbase(challenge, srs, solution.partials).opening.proof == solution.proof;
  return {.verdict = is_same ? Verdict::Valid : Verdict::WrongProof};
}

}  // namespace prover
