// `linkspan-prover prove`: one proof (many under one: coinbase_file.h), and `verify`: whether
// proofs in a file hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "overlay/base/result.h"
#include "prover/proof_input.h"
#include "prover/puzzle/solution.h"

namespace prover {

struct ProveOptions {
  EpochChallenge challenge;
  Bytes32 address{};
  std::uint64_t nonce = 0;
  bool with_opening = false;
};

// As one JSON object: what was asked, `commitment` and `target`, with the opening `z`, `v` and
// `proof` too. Bytes as lower-case hexadecimal, 64-bit numbers as decimal text. By the coefficients
// of the product: two transforms of field elements and a sum of as many points as the domain has.
std::string prove_json(const Srs& srs, const ProveOptions& options);

// One entry of a file that `verify` reads.
struct Claim {
  EpochChallenge challenge;
  ProverSolution solution;
  std::string target;  // decimal; empty where the file gives none
  bool has_proof = false;
};

inline constexpr std::size_t kClaimsFileBytesMax = std::size_t{4} << 20;
inline constexpr std::size_t kClaimsMax = 10'000;

// Reads what prove_json gives, or an object with the challenge and the address and an array
// `solutions` of objects with `nonce`, `commitment` and, if they are there, `target` and `proof`.
// Errors: Malformed or LimitExceeded, naming the field.
base::Result<std::vector<Claim>> parse_claims(std::string_view text);

// With a proof: by pairings. Without: by computing the commitment again. Errors: Unauthenticated
// where it does not hold, with the field that is wrong.
base::Status verify_claim(const ReferenceString& reference, const Claim& claim);

}  // namespace prover
