#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace model {

// A hash of a set of facts that does not depend on their order and follows changes in O(1): the sum
// modulo 2^256 of the BLAKE2b-256 of each fact's canonical bytes, digests and sum read as
// little-endian numbers. The empty set is zero.
//
// It tells two honest parties that they hold the same; it is not a commitment against a forger
// (sums of hashes can be attacked), which is what the signature on each update is for.
class StateHash {
 public:
  StateHash() = default;
  explicit StateHash(const std::array<std::uint8_t, 32>& bytes) : bytes_(bytes) {}

  void add(std::span<const std::uint8_t> fact_bytes);
  // Requires that the same bytes were added before.
  void remove(std::span<const std::uint8_t> fact_bytes);

  const std::array<std::uint8_t, 32>& bytes() const { return bytes_; }
  std::string text() const;  // 64 hex digits
  // Errors: Malformed.
  static base::Result<StateHash> parse(std::string_view text);

  friend auto operator<=>(const StateHash&, const StateHash&) = default;

 private:
  std::array<std::uint8_t, 32> bytes_{};
};

}  // namespace model
