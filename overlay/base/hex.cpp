#include "overlay/base/hex.h"

#include <array>

namespace base {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Error malformed(std::string_view what, std::string_view why) {
  return Error(Errc::Malformed, std::string(what) + ": " + std::string(why));
}

std::string encode64(std::span<const std::uint8_t> bytes, std::string_view alphabet,
                     bool is_padded) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (bit_count += 8; bit_count >= 6; bit_count -= 6) {
      text += alphabet[bits >> (bit_count - 6) & 63U];
    }
  }
  if (bit_count > 0) {
    text += alphabet[bits << (6 - bit_count) & 63U];
  }
  while (is_padded && text.size() % 4 != 0) {
    text += '=';
  }
  return text;
}

// Strict: no blanks, no stray bits in the last digit, so every value has exactly one text.
Result<std::vector<std::uint8_t>> decode64(std::string_view text, std::string_view alphabet,
                                           std::string_view what) {
  if (text.size() % 4 == 1) {
    return malformed(what, std::to_string(text.size()) + " digits cannot be whole bytes");
  }
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = alphabet.find(text[i]);
    if (digit == std::string_view::npos) {
      return malformed(what, "character " + std::to_string(i) + " is not a digit");
    }
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> bit_count));
    }
  }
  if ((bits & ((1U << bit_count) - 1U)) != 0) {
    return malformed(what, "stray bits in the last digit");
  }
  return bytes;
}

}  // namespace

std::string hex_encode(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15U];
  }
  return text;
}

Result<std::vector<std::uint8_t>> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) {
    return malformed("hex", std::to_string(text.size()) + " digits, expected an even number");
  }
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = kHexDigits.find(text[i]);
    const std::size_t low = kHexDigits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) {
      return malformed("hex", "character " +
                                  std::to_string(high == std::string_view::npos ? i : i + 1) +
                                  " is not one of 0-9a-f");
    }
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string base64_encode(std::span<const std::uint8_t> bytes) {
  return encode64(bytes, kBase64, /*is_padded=*/true);
}

Result<std::vector<std::uint8_t>> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) {
    return malformed("base64", std::to_string(text.size()) + " digits, expected a multiple of 4");
  }
  for (int i = 0; i < 2 && text.ends_with('='); ++i) {
    text.remove_suffix(1);
  }
  return decode64(text, kBase64, "base64");
}

std::string base64url_encode(std::span<const std::uint8_t> bytes) {
  return encode64(bytes, kBase64Url, /*is_padded=*/false);
}

Result<std::vector<std::uint8_t>> base64url_decode(std::string_view text) {
  return decode64(text, kBase64Url, "base64url");
}

}  // namespace base
