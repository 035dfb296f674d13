// What pools and provers exchange: a job to work on and the shares found for it. Plain values.
#pragma once

#include <array>
#include <cstdint>

#include "prover/puzzle/challenge.h"
#include "prover/puzzle/target.h"

namespace prover {

// One epoch's work. Every share is found for the pool's address, which is hashed into it.
struct Job {
  EpochChallenge challenge;
  Bytes32 address{};

  friend bool operator==(const Job&, const Job&) = default;
};

using CommitmentBytes = std::array<std::uint8_t, 48>;  // a compressed point
using ProofBytes = std::array<std::uint8_t, 49>;       // a compressed point and a zero

struct Share {
  std::uint64_t nonce = 0;
  CommitmentBytes commitment{};
  ProofBytes proof{};

  friend bool operator==(const Share&, const Share&) = default;
};

// How many proofs of work a commitment stands for. Of any bytes, a point or not.
inline std::uint64_t commitment_target(const CommitmentBytes& commitment) {
  return target_of_hash(target_hash(commitment));
}

}  // namespace prover
