// Digests. SHA-256 is for what others define (image content, certificate pins, requests) and comes
// from libcrypto, which uses the processor's SHA instructions; BLAKE2b-256 is for our own hashes.
// BLAKE2s-256, BLAKE2b-512 and double SHA-256 are what the coinbase puzzle is made of.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "overlay/crypto/secret.h"

namespace crypto {

using Digest256 = std::array<std::uint8_t, 32>;
using Digest512 = std::array<std::uint8_t, 64>;

Digest256 sha256(std::span<const std::uint8_t> bytes);
// SHA-256 of the SHA-256, as block chains have it.
Digest256 sha256d(std::span<const std::uint8_t> bytes);

// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::uint8_t> bytes);
  // The digest of all that was fed. The object then begins anew.
  Digest256 finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// RFC 7693 with a 32-byte output: not a truncation of BLAKE2b-512.
Digest256 blake2b(std::span<const std::uint8_t> bytes);
Digest256 keyed_blake2b(const Secret<32>& key, std::span<const std::uint8_t> bytes);

// RFC 7693 without a key: BLAKE2b with a 64-byte output, BLAKE2s with a 32-byte one.
Digest512 blake2b_512(std::span<const std::uint8_t> bytes);
Digest256 blake2s(std::span<const std::uint8_t> bytes);

}  // namespace crypto
