// What the codecs of points share: flags in the last byte, canonical coordinates, exact lengths.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gpu/field/bls12_377.h"
#include "overlay/base/result.h"

namespace gpu::detail {

inline constexpr std::uint8_t kLargerY = 0x80;
inline constexpr std::uint8_t kInfinity = 0x40;
inline constexpr std::uint8_t kFlags = kLargerY | kInfinity;

inline base::Error malformed(std::string text) {
  return base::Error(base::Errc::Malformed, std::move(text));
}

// The 48 bytes at `bytes` without `flags` in the last one. Errors: Malformed unless below q.
inline base::Result<Fq> read_fq(std::string_view field, const std::uint8_t* bytes,
                                std::uint8_t flags) {
  Limbs<6> value = from_bytes<6>(bytes);
  value.at[5] &= ~(std::uint64_t{flags} << 56);
  if (!less(value, FqParams::kModulus)) {
    return malformed(std::string(field) + ": not below the modulus of the field");
  }
  return Fq::from_canonical(value);
}

inline base::Status check_length(std::span<const std::uint8_t> bytes, std::size_t expected) {
  if (bytes.size() == expected) {
    return {};
  }
  return base::Error(
      bytes.size() < expected ? base::Errc::Truncated : base::Errc::Malformed,
      "point: " + std::to_string(bytes.size()) + " bytes, expected " + std::to_string(expected));
}

}  // namespace gpu::detail
