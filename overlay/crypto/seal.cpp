#include "overlay/crypto/seal.h"

#include <string>

#include <sodium.h>

namespace crypto {

static_assert(kSealBytes == crypto_box_SEALBYTES);

base::Result<std::vector<std::uint8_t>> seal(const WireguardPublicKey& to,
                                             std::span<const std::uint8_t> message) {
  std::vector<std::uint8_t> sealed(message.size() + kSealBytes);
  if (crypto_box_seal(sealed.data(), message.data(), message.size(), to.bytes.data()) != 0) {
    return base::Error(base::Errc::Malformed, "seal: public key of small order");
  }
  return sealed;
}

base::Result<std::vector<std::uint8_t>> open_seal(const WireguardKey& key,
                                                  std::span<const std::uint8_t> sealed) {
  if (sealed.size() < kSealBytes) {
    return base::Error(base::Errc::Unauthenticated, "sealed box: " + std::to_string(sealed.size()) +
                                                        " bytes, at least " +
                                                        std::to_string(kSealBytes));
  }
  std::vector<std::uint8_t> message(sealed.size() - kSealBytes);
  if (crypto_box_seal_open(message.data(), sealed.data(), sealed.size(),
                           key.public_key().bytes.data(), key.private_key().bytes().data()) != 0) {
    return base::Error(base::Errc::Unauthenticated, "sealed box: not sealed to this key");
  }
  return message;
}

}  // namespace crypto
