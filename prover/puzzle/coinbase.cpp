#include "prover/puzzle/coinbase.h"

#include "gpu/msm/msm.h"
#include "overlay/base/check.h"
#include "overlay/crypto/digest.h"
#include "prover/puzzle/little_endian.h"

namespace prover {

Accumulation accumulation_of(std::span<const PartialSolution> partials) {
  CHECK(!partials.empty());
  LittleEndianWriter commitments;
  for (const PartialSolution& partial : partials) {
    commitments.raw(gpu::encode(partial.commitment));
  }
  Accumulation out;
  out.factors = hash_to_coefficients(crypto::blake2s(commitments.bytes()), partials.size() + 1);
  out.point = out.factors.back();
  out.factors.pop_back();
  return out;
}

G1Affine combined_commitment(const Accumulation& accumulation,
                             std::span<const PartialSolution> partials) {
  std::vector<G1Affine> commitments;
  for (const PartialSolution& partial : partials) {
    commitments.push_back(partial.commitment);
  }
  return gpu::msm(commitments, accumulation.factors).affine();
}

Polynomial combined_polynomial(const EpochChallenge& challenge, const Accumulation& accumulation,
                               std::span<const PartialSolution> partials) {
  CHECK(partials.size() == accumulation.factors.size());
  Polynomial out(std::size_t{challenge.degree} + 1);
  for (std::size_t i = 0; i < partials.size(); ++i) {
    const Polynomial one = prover_polynomial(challenge, partials[i].address, partials[i].nonce);
    for (std::size_t k = 0; k < out.size(); ++k) {
      out[k] += accumulation.factors[i] * one[k];
    }
  }
  return out;
}

CoinbaseOpening open_coinbase(const EpochBases& epoch, const Srs& srs,
                              std::span<const PartialSolution> partials) {
  CoinbaseOpening out;
  out.accumulation = accumulation_of(partials);
  out.opening = open(epoch, srs, combined_polynomial(epoch.challenge, out.accumulation, partials),
                     out.accumulation.point);
  return out;
}

CoinbaseOpening open_coinbase(const EpochChallenge& challenge, const Srs& srs,
                              std::span<const PartialSolution> partials) {
  CoinbaseOpening out;
  out.accumulation = accumulation_of(partials);
  out.opening = open_by_coefficients(srs, epoch_polynomial(challenge),
                                     combined_polynomial(challenge, out.accumulation, partials),
                                     out.accumulation.point);
  return out;
}

}  // namespace prover
