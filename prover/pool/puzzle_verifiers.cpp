#include "prover/pool/puzzle_verifiers.h"

#include <string>
#include <utility>

#include "prover/puzzle/solution.h"
#include "prover/puzzle/verify.h"

namespace prover {
namespace {

base::Result<ProverSolution> decode(const Bytes32& address, const Share& share) {
  const auto commitment = decode_commitment(share.commitment);
  if (!commitment.ok()) {
    return commitment.error();
  }
  const auto proof = decode_proof(share.proof);
  if (!proof.ok()) {
    return proof.error();
  }
  return ProverSolution{{address, share.nonce, commitment.value()}, proof.value()};
}

base::Status status_of(Verdict verdict) {
  if (verdict == Verdict::Valid) {
    return {};
  }
  return base::Error(base::Errc::Malformed, std::string(text_of(verdict)));
}

class PairingVerifier : public ShareVerifier {
 public:
  PairingVerifier(const Job& job, const gpu::G2Affine& beta_h)
      : address_(job.address), key_(make_epoch_key(job.challenge, beta_h)) {}

  // The pool has compared targets before.
  base::Status verify(const Share& share) const override {
    const auto solution = decode(address_, share);
    return solution.ok() ? status_of(prover::verify(key_, solution.value(), 0))
                         : base::Status(solution.error());
  }

 private:
  Bytes32 address_;
  EpochKey key_;
};

class RecomputingVerifier : public ShareVerifier {
 public:
  RecomputingVerifier(const Job& job, std::shared_ptr<const Srs> srs,
                      const gpu::ParallelFor& parallel_for)
      : address_(job.address),
        srs_(std::move(srs)),
        bases_(make_epoch_bases(*srs_, job.challenge, parallel_for)) {}

  base::Status verify(const Share& share) const override {
    const auto solution = decode(address_, share);
    return solution.ok() ? status_of(recompute(bases_, *srs_, solution.value(), 0))
                         : base::Status(solution.error());
  }

 private:
  Bytes32 address_;
  std::shared_ptr<const Srs> srs_;  // shared with whoever made it and the other jobs' verifiers
  EpochBases bases_;
};

using Made = base::Result<std::unique_ptr<const ShareVerifier>>;

}  // namespace

MakeShareVerifier verify_by_pairing(const gpu::G2Affine& beta_h) {
  return [beta_h](const Job& job) -> Made {
    return std::unique_ptr<const ShareVerifier>(std::make_unique<PairingVerifier>(job, beta_h));
  };
}

MakeShareVerifier verify_by_recomputation(std::shared_ptr<const Srs> srs,
                                          gpu::ParallelFor parallel_for) {
  return [srs = std::move(srs), parallel_for = std::move(parallel_for)](const Job& job) -> Made {
    if (job.challenge.degree > srs->degree_max()) {
      return base::Error(base::Errc::Malformed, "degree " + std::to_string(job.challenge.degree) +
                                                    ", expected at most " +
                                                    std::to_string(srs->degree_max()) +
                                                    ", which is what there are powers for");
    }
    return std::unique_ptr<const ShareVerifier>(
        std::make_unique<RecomputingVerifier>(job, srs, parallel_for));
  };
}

}  // namespace prover
