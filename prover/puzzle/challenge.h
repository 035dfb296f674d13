// What an epoch asks for: its number, the hash of the block before it and the degree of the
// polynomials. Aleo's epochs are 256 blocks long; all provers of an epoch share its challenge.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace prover {

using Bytes32 = std::array<std::uint8_t, 32>;

// Of testnet 3; tests and toys use smaller ones.
inline constexpr std::uint32_t kPuzzleDegree = 8191;
// Twice this and one is what the published reference string has points for.
inline constexpr std::uint32_t kDegreeMax = 16'383;

struct EpochChallenge {
  std::uint32_t epoch_number = 0;
  Bytes32 epoch_block_hash{};  // an element of Fr, little-endian
  std::uint32_t degree = kPuzzleDegree;

  friend bool operator==(const EpochChallenge&, const EpochChallenge&) = default;
};

inline constexpr std::size_t kEpochChallengeBytes = 40;

// Number, hash, degree, all little-endian.
std::array<std::uint8_t, kEpochChallengeBytes> encode(const EpochChallenge& challenge);
// Errors: Truncated or Malformed, naming the field: length, a hash that is not below r, a degree
// outside 1..kDegreeMax.
base::Result<EpochChallenge> decode_challenge(std::span<const std::uint8_t> bytes);

// Block hashes as "ab1..." and addresses as "aleo1...": 32 bytes that are an element of Fr. That
// an address is a point of its own curve is left to whoever pays to it.
base::Result<Bytes32> parse_block_hash(std::string_view text);
std::string format_block_hash(const Bytes32& hash);
base::Result<Bytes32> parse_address(std::string_view text);
std::string format_address(const Bytes32& address);

// Errors: Malformed unless the little-endian number is below r.
base::Status check_below_r(const Bytes32& bytes);

}  // namespace prover
