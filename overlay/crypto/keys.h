// The two keys of a node, both made on it: identity (Ed25519, signs requests; the coordinator signs
// views with one too) and WireGuard (X25519).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "overlay/base/result.h"
#include "overlay/crypto/secret.h"

namespace crypto {

// Text form: 64 lower-case hex digits.
struct IdentityPublicKey {
  std::array<std::uint8_t, 32> bytes{};

  std::string text() const;
  // Errors: Malformed.
  static base::Result<IdentityPublicKey> parse(std::string_view text);

  friend auto operator<=>(const IdentityPublicKey&, const IdentityPublicKey&) = default;
};

// Text form: base64 with padding, 44 characters, as the wg tool prints it.
struct WireguardPublicKey {
  std::array<std::uint8_t, 32> bytes{};

  std::string text() const;
  // Errors: Malformed. The all-zero key, which wg uses for "none", is refused.
  static base::Result<WireguardPublicKey> parse(std::string_view text);

  friend auto operator<=>(const WireguardPublicKey&, const WireguardPublicKey&) = default;
};

// Text form: base64url without padding, 86 characters.
struct Signature {
  std::array<std::uint8_t, 64> bytes{};

  std::string text() const;
  // Errors: Malformed.
  static base::Result<Signature> parse(std::string_view text);

  friend bool operator==(const Signature&, const Signature&) = default;
};

class IdentityKey {
 public:
  static IdentityKey generate();
  // The same seed gives the same key (RFC 8032: the seed is the 32-byte private key).
  static IdentityKey from_seed(const Secret<32>& seed);

  const IdentityPublicKey& public_key() const { return public_key_; }
  // Deterministic. The caller puts a domain in front of the message (PROTOCOL.md, 2).
  Signature sign(std::span<const std::uint8_t> message) const;
  // For the key file; 32 bytes.
  Secret<32> seed() const;

 private:
  IdentityKey() = default;

  Secret<64> secret_key_;  // libsodium's form: seed, then public key
  IdentityPublicKey public_key_;
};

// False for a forged message and for a malformed or small-order key or signature.
[[nodiscard]] bool verify(const IdentityPublicKey& key, std::span<const std::uint8_t> message,
                          const Signature& signature);

class WireguardKey {
 public:
  static WireguardKey generate();
  // Clamps the bytes as X25519 wants them (RFC 7748, 5), so wg shows the same key back.
  static WireguardKey from_private(const Secret<32>& private_key);
  // From base64, as wg prints it. Errors: Malformed; the text never repeats the input.
  static base::Result<WireguardKey> parse_private(std::string_view text);

  const WireguardPublicKey& public_key() const { return public_key_; }
  const Secret<32>& private_key() const { return private_key_; }
  // Base64 for `wg set private-key /dev/stdin`. Secret: never in an argument list, a log or an
  // error.
  std::string private_text() const;

 private:
  WireguardKey() = default;

  Secret<32> private_key_;
  WireguardPublicKey public_key_;
};

}  // namespace crypto
