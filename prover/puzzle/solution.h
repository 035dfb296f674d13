// Solutions as bytes and as JSON, as the reference writes them.
//
//   partial solution    88 bytes   address, nonce (u64), commitment (48, compressed)
//   proof               49 bytes   w (48, compressed) and 0: no value that hides
//   prover solution    137 bytes   partial solution, proof
//   coinbase solution              u32 count, that many partial solutions, one proof
//
// Numbers are little-endian. Decoders take exactly one way to write each value; points are on the
// curve, in the subgroup and not infinity. Errors are Truncated or Malformed, name the field first
// and leave nothing behind.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "gpu/curve/g1_codec.h"
#include "overlay/base/result.h"
#include "prover/puzzle/challenge.h"

namespace prover {

using gpu::G1Affine;

struct PartialSolution {
  Bytes32 address{};  // an element of Fr
  std::uint64_t nonce = 0;
  G1Affine commitment;

  friend bool operator==(const PartialSolution&, const PartialSolution&) = default;
};

struct ProverSolution {
  PartialSolution partial;
  G1Affine proof;  // w

  friend bool operator==(const ProverSolution&, const ProverSolution&) = default;
};

struct CoinbaseSolution {
  std::vector<PartialSolution> partials;
  G1Affine proof;

  friend bool operator==(const CoinbaseSolution&, const CoinbaseSolution&) = default;
};

inline constexpr std::size_t kProofBytes = gpu::kG1CompressedBytes + 1;
inline constexpr std::size_t kPartialSolutionBytes = 40 + gpu::kG1CompressedBytes;
inline constexpr std::size_t kProverSolutionBytes = kPartialSolutionBytes + kProofBytes;
inline constexpr std::size_t kCoinbaseSolutionsMax = std::size_t{1} << 20;
static_assert(kProofBytes == 49 && kPartialSolutionBytes == 88 && kProverSolutionBytes == 137);

// 48 bytes, for messages that carry a commitment by itself.
base::Result<G1Affine> decode_commitment(std::span<const std::uint8_t> bytes);

std::array<std::uint8_t, kProofBytes> encode_proof(const G1Affine& proof);
base::Result<G1Affine> decode_proof(std::span<const std::uint8_t> bytes);

std::array<std::uint8_t, kPartialSolutionBytes> encode(const PartialSolution& solution);
base::Result<PartialSolution> decode_partial_solution(std::span<const std::uint8_t> bytes);

std::array<std::uint8_t, kProverSolutionBytes> encode(const ProverSolution& solution);
base::Result<ProverSolution> decode_prover_solution(std::span<const std::uint8_t> bytes);

// Requires 1..kCoinbaseSolutionsMax partial solutions.
std::vector<std::uint8_t> encode(const CoinbaseSolution& solution);
base::Result<CoinbaseSolution> decode_coinbase_solution(std::span<const std::uint8_t> bytes);

// "puzzle1...", the 48 bytes in bech32m.
std::string format_commitment(const G1Affine& commitment);
base::Result<G1Affine> parse_commitment(std::string_view text);

// {"partial_solution":{"address":"aleo1...","nonce":1,"commitment":"puzzle1..."},
//  "proof.w":{"x":"decimal","y":"decimal","infinity":false}}
std::string format_json(const ProverSolution& solution);
inline constexpr std::size_t kSolutionJsonBytesMax = 1024;
base::Result<ProverSolution> parse_solution_json(std::string_view text);

// {"partial_solutions":[{"address","nonce","commitment"},...],"proof.w":{"x","y","infinity"}}
//
// Requires 1..kCoinbaseJsonSolutionsMax partial solutions: fewer than bytes may hold, since every
// one costs a reader a check of its subgroup, and a verifier a polynomial.
inline constexpr std::size_t kCoinbaseJsonSolutionsMax = std::size_t{1} << 14;
inline constexpr std::size_t kCoinbaseJsonBytesMax = std::size_t{4} << 20;  // 256 bytes each
std::string format_json(const CoinbaseSolution& solution);
base::Result<CoinbaseSolution> parse_coinbase_json(std::string_view text);
// The same of an object that was parsed, such as what is left of one that says more. Requires an
// object.
base::Result<CoinbaseSolution> read_coinbase_json(const nlohmann::json& object);

}  // namespace prover
