#include "overlay/crypto/digest.h"

#include <openssl/evp.h>
#include <sodium.h>

#include "overlay/base/check.h"

namespace crypto {
namespace {

Digest256 generic_hash(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> key) {
  Digest256 digest{};
  CHECK(crypto_generichash(digest.data(), digest.size(), bytes.data(), bytes.size(),
                           key.empty() ? nullptr : key.data(), key.size()) == 0);
  return digest;
}

}  // namespace

struct Sha256::Context {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> evp{EVP_MD_CTX_new()};

  void begin() {
    CHECK(evp != nullptr && EVP_DigestInit_ex(evp.get(), EVP_sha256(), nullptr) == 1);
  }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  context_->begin();
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::uint8_t> bytes) {
  CHECK(EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size()) == 1);
}

Digest256 Sha256::finish() {
  Digest256 digest{};
  CHECK(EVP_DigestFinal_ex(context_->evp.get(), digest.data(), nullptr) == 1);
  context_->begin();
  return digest;
}

Digest256 sha256(std::span<const std::uint8_t> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

Digest256 sha256d(std::span<const std::uint8_t> bytes) {
  return sha256(sha256(bytes));
}

Digest256 blake2b(std::span<const std::uint8_t> bytes) {
  return generic_hash(bytes, {});
}

Digest256 keyed_blake2b(const Secret<32>& key, std::span<const std::uint8_t> bytes) {
  return generic_hash(bytes, key.bytes());
}

Digest512 blake2b_512(std::span<const std::uint8_t> bytes) {
  Digest512 digest{};
  static_assert(digest.size() == crypto_generichash_BYTES_MAX);
  CHECK(crypto_generichash(digest.data(), digest.size(), bytes.data(), bytes.size(), nullptr, 0) ==
        0);
  return digest;
}

Digest256 blake2s(std::span<const std::uint8_t> bytes) {
  Digest256 digest{};
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_blake2s256(), nullptr) ==
        1);
  return digest;
}

}  // namespace crypto
