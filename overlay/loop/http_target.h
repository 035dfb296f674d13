// Pure parts of HTTP requests: percent-decoding, query strings. Strict: what two decoders could
// read differently is refused, not guessed.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "overlay/base/result.h"

namespace loop {

inline constexpr std::size_t kQueryParametersMax = 32;

// Text with each "%XX" replaced by its byte. Errors: Malformed for a '%' without two hexadecimal
// digits, a byte outside printable ASCII in the input, or an encoded NUL.
base::Result<std::string> percent_decode(std::string_view text);

// The inverse: everything but RFC 3986's unreserved characters is encoded.
std::string percent_encode(std::string_view text);

// "epoch=1&sequence=2" -> {epoch: 1, sequence: 2}; empty text gives an empty map. '+' is not a
// space. Errors: Malformed for a parameter without a name or given twice, or bad encoding;
// LimitExceeded over kQueryParametersMax. The text names the parameter.
base::Result<std::map<std::string, std::string>> parse_query(std::string_view query);

}  // namespace loop
