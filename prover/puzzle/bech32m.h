// Bech32m (BIP 350): bytes as text with a human-readable prefix and a checksum that finds any four
// wrong characters. Aleo writes addresses ("aleo1..."), block hashes ("ab1...") and puzzle
// commitments ("puzzle1...") so, with no bound of 90 characters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"

namespace prover {

// Requires a prefix of 1..83 characters in lower case.
std::string bech32m_encode(std::string_view prefix, std::span<const std::uint8_t> bytes);

// Takes what encode gives and nothing else: lower case only, this prefix, exactly `size_bytes`
// bytes, zero padding bits. Errors: Truncated or Malformed, with the first thing that is wrong.
base::Result<std::vector<std::uint8_t>> bech32m_decode(std::string_view prefix,
                                                       std::size_t size_bytes,
                                                       std::string_view text);

}  // namespace prover
