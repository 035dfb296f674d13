// Polynomials over Fr and the hash that the puzzle makes them with: coefficient i is
// BLAKE2b-512(seed, u32 i), all 64 bytes as one little-endian integer, modulo r, where the seed is
// BLAKE2s-256 of what is hashed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gpu/field/bls12_377.h"
#include "overlay/crypto/digest.h"
#include "prover/puzzle/challenge.h"

namespace prover {

using gpu::Fr;

// Coefficients, the constant one first.
using Polynomial = std::vector<Fr>;

// The seeds of an epoch's polynomial and of one prover's, for one nonce.
crypto::Digest256 epoch_seed(const EpochChallenge& challenge);
crypto::Digest256 prover_seed(const EpochChallenge& challenge, const Bytes32& address,
                              std::uint64_t nonce);

// Coefficient `index` as an integer below r.
gpu::Limbs<4> hash_to_coefficient(const crypto::Digest256& seed, std::uint32_t index);
std::vector<Fr> hash_to_coefficients(const crypto::Digest256& seed, std::size_t count);

// Of degree challenge.degree.
Polynomial epoch_polynomial(const EpochChallenge& challenge);
Polynomial prover_polynomial(const EpochChallenge& challenge, const Bytes32& address,
                             std::uint64_t nonce);

Fr evaluate(const Polynomial& polynomial, const Fr& at);

// (p(x) - p(at)) / (x - at), one coefficient less than p. Requires a coefficient.
Polynomial quotient(const Polynomial& polynomial, const Fr& at);

// The smallest domain that holds the product of two polynomials of the degree: 2^log points.
unsigned domain_log_size(std::uint32_t degree);

}  // namespace prover
