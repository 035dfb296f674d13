#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/base/result.h"

namespace base {

// Lower case, two digits a byte.
std::string hex_encode(std::span<const std::uint8_t> bytes);
// Accepts lower case only. Errors: Malformed; the text never repeats the input, which may be
// secret.
Result<std::vector<std::uint8_t>> hex_decode(std::string_view text);

// RFC 4648 section 4, with padding (WireGuard keys, certificate pins as curl takes them).
std::string base64_encode(std::span<const std::uint8_t> bytes);
Result<std::vector<std::uint8_t>> base64_decode(std::string_view text);

// RFC 4648 section 5, without padding (tokens, headers).
std::string base64url_encode(std::span<const std::uint8_t> bytes);
Result<std::vector<std::uint8_t>> base64url_decode(std::string_view text);

}  // namespace base
