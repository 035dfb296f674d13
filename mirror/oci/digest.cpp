#include "mirror/oci/digest.h"

#include <algorithm>
#include <optional>

#include "mirror/oci/quote.h"
#include "overlay/base/hex.h"

namespace mirror {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}
bool is_separator(char c) {
  return c == '+' || c == '.' || c == '_' || c == '-';
}
bool is_encoded_char(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '=' || c == '_' || c == '-';
}

// component ([+._-] component)*, component = [a-z0-9]+
bool is_algorithm(std::string_view text) {
  bool need_component = true;
  for (const char c : text) {
    if (is_lower_or_digit(c)) {
      need_component = false;
    } else if (is_separator(c) && !need_component) {
      need_component = true;
    } else {
      return false;
    }
  }
  return !need_component;
}

std::optional<std::size_t> hex_digits_of(std::string_view algorithm) {
  if (algorithm == "sha256") {
    return 64;
  }
  if (algorithm == "sha512") {
    return 128;
  }
  return std::nullopt;
}

base::Error malformed(std::string_view text, std::string_view expected) {
  return {base::Errc::Malformed, "digest: " + quote(text) + ", expected " + std::string(expected)};
}

}  // namespace

std::string_view Digest::encoded() const {
  return text_.empty() ? std::string_view() : std::string_view(text_).substr(colon_ + 1);
}

base::Result<Digest> Digest::parse(std::string_view text) {
  if (text.size() > kTextBytesMax) {
    return malformed(text, "at most 200 characters");
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_algorithm(text.substr(0, colon))) {
    return malformed(text, "<algorithm>:<value>");
  }
  const std::string_view encoded = text.substr(colon + 1);
  if (const auto digits = hex_digits_of(text.substr(0, colon))) {
    if (encoded.size() != *digits || !std::all_of(encoded.begin(), encoded.end(), is_hex_digit)) {
      return malformed(text, std::to_string(*digits) + " lower-case hex digits after the colon");
    }
  } else if (encoded.empty() || !std::all_of(encoded.begin(), encoded.end(), is_encoded_char)) {
    return malformed(text, "a value after the colon");
  }
  Digest digest;
  digest.text_ = std::string(text);
  digest.colon_ = colon;
  return digest;
}

Digest Digest::sha256(std::span<const std::uint8_t, 32> bytes) {
  Digest digest;
  digest.text_ = "sha256:" + base::hex_encode(bytes);
  digest.colon_ = 6;
  return digest;
}

}  // namespace mirror
