// Sealed boxes: anybody who knows the public key can seal, only the owner of the private key opens.
// For what the coordinator keeps but must not be able to read from a stolen database.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "overlay/base/result.h"
#include "overlay/crypto/keys.h"

namespace crypto {

// Bytes that sealing adds.
inline constexpr std::size_t kSealBytes = 48;

// libsodium's crypto_box_seal (X25519, XSalsa20-Poly1305): anonymous, different on every call.
// Errors: Malformed for a public key of small order.
base::Result<std::vector<std::uint8_t>> seal(const WireguardPublicKey& to,
                                             std::span<const std::uint8_t> message);

// Errors: Unauthenticated when it was not sealed to this key or was changed since.
base::Result<std::vector<std::uint8_t>> open_seal(const WireguardKey& key,
                                                  std::span<const std::uint8_t> sealed);

}  // namespace crypto
