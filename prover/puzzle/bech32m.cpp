#include "prover/puzzle/bech32m.h"

#include <array>

#include "overlay/base/check.h"

namespace prover {
namespace {

constexpr std::string_view kCharacters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::uint32_t kChecksum = 0x2bc830a3;  // BIP 350; bech32's is 1
constexpr std::size_t kChecksumCharacters = 6;
constexpr std::size_t kPrefixMax = 83;

// The remainder of what was fed, as a polynomial over GF(32), by BIP 173's generator.
class Remainder {
 public:
  void feed(std::uint8_t value) {
    constexpr std::array<std::uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
                                                         0x3d4233dd, 0x2a1462b3};
    const std::uint32_t top = state_ >> 25;
    state_ = ((state_ & 0x1ffffff) << 5) ^ value;
    for (std::size_t i = 0; i < kGenerator.size(); ++i) {
      state_ ^= ((top >> i) & 1) != 0 ? kGenerator[i] : 0;
    }
  }
  void feed_prefix(std::string_view prefix) {
    for (const char c : prefix) {
      feed(static_cast<std::uint8_t>(static_cast<std::uint8_t>(c) >> 5));
    }
    feed(0);
    for (const char c : prefix) {
      feed(static_cast<std::uint8_t>(c) & 31);
    }
  }
  std::uint32_t value() const { return state_; }

 private:
  std::uint32_t state_ = 1;
};

base::Error malformed(std::string text) {
  return base::Error(base::Errc::Malformed, std::move(text));
}

constexpr std::size_t data_characters(std::size_t size_bytes) {
  return (size_bytes * 8 + 4) / 5;
}

std::string printable(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (byte > 0x20 && byte < 0x7f) {
    return std::string("\"") + c + "\"";
  }
  return "byte " + std::to_string(byte);
}

// The five-bit values of the characters. Errors: Malformed, naming the character.
base::Result<std::vector<std::uint8_t>> read_values(std::string_view text, std::size_t first) {
  std::vector<std::uint8_t> values;
  for (std::size_t i = first; i < text.size(); ++i) {
    const std::size_t value = kCharacters.find(text[i]);
    if (value == std::string_view::npos) {
      return malformed("character " + std::to_string(i) + ": " + printable(text[i]) +
                       ", expected one of " + std::string(kCharacters));
    }
    values.push_back(static_cast<std::uint8_t>(value));
  }
  return values;
}

}  // namespace

std::string bech32m_encode(std::string_view prefix, std::span<const std::uint8_t> bytes) {
  CHECK(!prefix.empty() && prefix.size() <= kPrefixMax);
  Remainder remainder;
  remainder.feed_prefix(prefix);
  std::string out = std::string(prefix) + "1";
  const auto put = [&](std::uint32_t value) {
    remainder.feed(static_cast<std::uint8_t>(value));
    out.push_back(kCharacters[value]);
  };
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (const std::uint8_t byte : bytes) {
    pending = (pending << 8) | byte;
    pending_bits += 8;
    while (pending_bits >= 5) {
      pending_bits -= 5;
      put((pending >> pending_bits) & 31);
    }
    pending &= 31;
  }
  if (pending_bits > 0) {
    put((pending << (5 - pending_bits)) & 31);
  }
  for (std::size_t i = 0; i < kChecksumCharacters; ++i) {
    remainder.feed(0);
  }
  const std::uint32_t checksum = remainder.value() ^ kChecksum;
  for (std::size_t i = 0; i < kChecksumCharacters; ++i) {
    out.push_back(kCharacters[(checksum >> (5 * (kChecksumCharacters - 1 - i))) & 31]);
  }
  return out;
}

base::Result<std::vector<std::uint8_t>> bech32m_decode(std::string_view prefix,
                                                       std::size_t size_bytes,
                                                       std::string_view text) {
  const std::string start = std::string(prefix) + "1";
  if (!text.starts_with(start)) {
    return malformed("expected it to begin with \"" + start + "\"");
  }
  const std::size_t expected = start.size() + data_characters(size_bytes) + kChecksumCharacters;
  if (text.size() != expected) {
    return base::Error(
        text.size() < expected ? base::Errc::Truncated : base::Errc::Malformed,
        std::to_string(text.size()) + " characters, expected " + std::to_string(expected));
  }
  auto values = read_values(text, start.size());
  if (!values.ok()) {
    return values;
  }
  Remainder remainder;
  remainder.feed_prefix(prefix);
  for (const std::uint8_t value : values.value()) {
    remainder.feed(value);
  }
  if (remainder.value() != kChecksum) {
    return malformed("the checksum does not match");
  }
  std::vector<std::uint8_t> bytes;
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (std::size_t i = 0; i < data_characters(size_bytes); ++i) {
    pending = (pending << 5) | values.value()[i];
    pending_bits += 5;
    if (pending_bits >= 8) {
      pending_bits -= 8;
      bytes.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
      pending &= (1U << pending_bits) - 1;
    }
  }
  if (pending != 0) {
    return malformed("the padding bits are not zero");
  }
  return bytes;
}

}  // namespace prover
