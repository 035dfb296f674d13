#include "overlay/crypto/keys.h"

#include <algorithm>
#include <string>

#include <sodium.h>

#include "overlay/base/hex.h"

namespace crypto {
namespace {

static_assert(crypto_sign_SECRETKEYBYTES == 64 && crypto_sign_BYTES == 64);
static_assert(crypto_scalarmult_BYTES == 32);

// The decoded bytes if there are exactly N of them. Keys are shown by nobody's errors, so what was
// wrong with the text is not told, only what it should have been.
template <std::size_t N>
base::Result<std::array<std::uint8_t, N>> sized(
    const base::Result<std::vector<std::uint8_t>>& decoded, std::string_view expected) {
  if (!decoded.ok() || decoded.value().size() != N) {
    return base::Error(base::Errc::Malformed, std::string(expected));
  }
  std::array<std::uint8_t, N> bytes{};
  std::ranges::copy(decoded.value(), bytes.begin());
  return bytes;
}

bool is_zero(std::span<const std::uint8_t> bytes) {
  return sodium_is_zero(bytes.data(), bytes.size()) == 1;
}

}  // namespace

std::string IdentityPublicKey::text() const {
  return base::hex_encode(bytes);
}

base::Result<IdentityPublicKey> IdentityPublicKey::parse(std::string_view text) {
  const auto bytes =
      sized<32>(base::hex_decode(text), "identity key: expected 64 lower-case hex digits");
  if (!bytes.ok()) {
    return bytes.error();
  }
  return IdentityPublicKey{bytes.value()};
}

std::string WireguardPublicKey::text() const {
  return base::base64_encode(bytes);
}

base::Result<WireguardPublicKey> WireguardPublicKey::parse(std::string_view text) {
  constexpr std::string_view kExpected =
      "wireguard key: expected 44 characters of base64, not all zero";
  const auto bytes = sized<32>(base::base64_decode(text), kExpected);
  if (!bytes.ok()) {
    return bytes.error();
  }
  if (is_zero(bytes.value())) {
    return base::Error(base::Errc::Malformed, std::string(kExpected));
  }
  return WireguardPublicKey{bytes.value()};
}

std::string Signature::text() const {
  return base::base64url_encode(bytes);
}

base::Result<Signature> Signature::parse(std::string_view text) {
  const auto bytes =
      sized<64>(base::base64url_decode(text), "signature: expected 86 characters of base64url");
  if (!bytes.ok()) {
    return bytes.error();
  }
  return Signature{bytes.value()};
}

IdentityKey IdentityKey::generate() {
  return from_seed(Secret<32>::random());
}

IdentityKey IdentityKey::from_seed(const Secret<32>& seed) {
  IdentityKey key;
  CHECK(crypto_sign_seed_keypair(key.public_key_.bytes.data(), key.secret_key_.writable().data(),
                                 seed.bytes().data()) == 0);
  return key;
}

Signature IdentityKey::sign(std::span<const std::uint8_t> message) const {
  Signature signature;
  CHECK(crypto_sign_detached(signature.bytes.data(), nullptr, message.data(), message.size(),
                             secret_key_.bytes().data()) == 0);
  return signature;
}

Secret<32> IdentityKey::seed() const {
  return Secret<32>(secret_key_.bytes().first<32>());
}

bool verify(const IdentityPublicKey& key, std::span<const std::uint8_t> message,
            const Signature& signature) {
  return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                     key.bytes.data()) == 0;
}

WireguardKey WireguardKey::generate() {
  return from_private(Secret<32>::random());
}

WireguardKey WireguardKey::from_private(const Secret<32>& private_key) {
  WireguardKey key;
  key.private_key_ = private_key.copy();
  const auto bytes = key.private_key_.writable();
  bytes[0] &= 248U;
  bytes[31] = static_cast<std::uint8_t>((bytes[31] & 127U) | 64U);
  CHECK(crypto_scalarmult_base(key.public_key_.bytes.data(), bytes.data()) == 0);
  return key;
}

base::Result<WireguardKey> WireguardKey::parse_private(std::string_view text) {
  auto decoded = base::base64_decode(text);
  if (!decoded.ok() || decoded.value().size() != 32) {
    return base::Error(base::Errc::Malformed,
                       "wireguard private key: expected 44 characters of base64");
  }
  std::vector<std::uint8_t> bytes = std::move(decoded).value();
  const Secret<32> secret(bytes);
  wipe(bytes);
  return from_private(secret);
}

std::string WireguardKey::private_text() const {
  return base::base64_encode(private_key_.bytes());
}

}  // namespace crypto
