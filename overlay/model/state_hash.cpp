#include "overlay/model/state_hash.h"

#include <algorithm>

#include "overlay/base/hex.h"
#include "overlay/crypto/digest.h"

namespace model {

void StateHash::add(std::span<const std::uint8_t> fact_bytes) {
  const crypto::Digest256 digest = crypto::blake2b(fact_bytes);
  unsigned carry = 0;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    carry += static_cast<unsigned>(bytes_[i]) + digest[i];
    bytes_[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
}

void StateHash::remove(std::span<const std::uint8_t> fact_bytes) {
  const crypto::Digest256 digest = crypto::blake2b(fact_bytes);
  unsigned borrow = 0;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const unsigned taken = digest[i] + borrow;
    borrow = bytes_[i] < taken ? 1 : 0;
    bytes_[i] = static_cast<std::uint8_t>(bytes_[i] - taken);
  }
}

std::string StateHash::text() const {
  return base::hex_encode(bytes_);
}

base::Result<StateHash> StateHash::parse(std::string_view text) {
  const auto bytes = base::hex_decode(text);
  StateHash hash;
  if (!bytes.ok() || bytes.value().size() != hash.bytes_.size()) {
    return base::Error(base::Errc::Malformed, "state hash: expected 64 lower-case hex digits");
  }
  std::ranges::copy(bytes.value(), hash.bytes_.begin());
  return hash;
}

}  // namespace model
