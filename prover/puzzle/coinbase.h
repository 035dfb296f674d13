// Many solutions of an epoch opened at once: a random combination of their polynomials, with
// factors and the point both hashed from the commitments, so that one proof stands for all.
#pragma once

#include <span>
#include <vector>

#include "prover/puzzle/opening.h"
#include "prover/puzzle/solution.h"

namespace prover {

// Coefficients of the hash of all commitments, 96 bytes each: one factor a solution, then the
// point.
struct Accumulation {
  std::vector<Fr> factors;
  Fr point;
};
// Requires a partial solution.
Accumulation accumulation_of(std::span<const PartialSolution> partials);

// sum factors[i] * commitment i.
G1Affine combined_commitment(const Accumulation& accumulation,
                             std::span<const PartialSolution> partials);
// sum factors[i] * the polynomial of partials[i], which is hashed anew.
Polynomial combined_polynomial(const EpochChallenge& challenge, const Accumulation& accumulation,
                               std::span<const PartialSolution> partials);

// The value is e(point) times the combined polynomial's.
struct CoinbaseOpening {
  Accumulation accumulation;
  Opening opening;
};
CoinbaseOpening open_coinbase(const EpochBases& epoch, const Srs& srs,
                              std::span<const PartialSolution> partials);
// By the coefficients: for whoever has no bases.
CoinbaseOpening open_coinbase(const EpochChallenge& challenge, const Srs& srs,
                              std::span<const PartialSolution> partials);

}  // namespace prover
